package datadir

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Secrets is the content of secret.json: only what the configuration leaves unset.
type Secrets struct {
	Password    string `json:"password,omitempty"`
	TokenSecret string `json:"token_secret,omitempty"`
}

// Secrets reads secret.json. What is wanted and missing there is made at random
// and saved with mode 0600; madePassword tells whether this call made the password.
func (d *Dir) Secrets(wantPassword, wantTokenSecret bool) (s Secrets, madePassword bool, err error) {
	path := d.File(SecretFile)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return s, false, err
	default:
		if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, fs.ErrPermission) {
			return s, false, err
		}
		if err := json.Unmarshal(b, &s); err != nil {
			// The error of encoding/json may quote the content.
			return Secrets{}, false, fmt.Errorf("%s is not valid JSON: restore it, or remove it to have new secrets made", path)
		}
	}
	before := s
	if wantPassword && s.Password == "" {
		s.Password, madePassword = rand.Text(), true
	}
	if wantTokenSecret && s.TokenSecret == "" {
		s.TokenSecret = rand.Text() + rand.Text() // 260 bits
	}
	if s == before {
		return s, false, nil
	}
	if err := d.WriteJSON(SecretFile, s, 0o600); err != nil {
		return Secrets{}, false, err
	}
	return s, madePassword, nil
}
