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

	// Edited tells that the file, when it was read, had no checksum or a wrong one: it
	// was edited by hand, or written by an older program, or damaged.
	Edited bool `json:"-"`
}

type secretJSON struct {
	Secrets
	CRC string `json:"crc,omitempty"` // see VerifyChecksum
}

// ReadSecrets reads the secret.json at path; there are no secrets without the file. The error
// does not quote it.
func ReadSecrets(path string) (s Secrets, err error) {
	b, err := ReadSmallFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if json.Unmarshal(b, &s) != nil {
		return Secrets{}, fmt.Errorf("%s is not valid JSON with texts password and token_secret: restore it, or remove it to have new secrets made", path)
	}
	state, _ := VerifyChecksum(b) // with an error it is missing
	s.Edited = state != ChecksumRight
	return s, nil
}

// Secrets reads secret.json. What is wanted and missing there is made at random
// and saved with mode 0600; madePassword tells whether this call made the password.
// A checksum that is missing or wrong is put right.
func (d *Dir) Secrets(wantPassword, wantTokenSecret bool) (s Secrets, madePassword bool, err error) {
	path := d.File(SecretFile)
	if s, err = ReadSecrets(path); err != nil {
		return s, false, err
	}
	if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
		return s, false, err
	}
	before := s
	if wantPassword && s.Password == "" {
		s.Password, madePassword = rand.Text(), true
	}
	if wantTokenSecret && s.TokenSecret == "" {
		s.TokenSecret = rand.Text() + rand.Text() // 260 bits
	}
	if s == before && !s.Edited {
		return s, false, nil
	}
	// With the checksum alone a node can wait until there is room again.
	crc, err := checksumOf(s)
	if err == nil {
		err = d.WriteJSON(SecretFile, secretJSON{s, crc}, 0o600)
	}
	if err != nil && (s != before || !isFull(err)) {
		return Secrets{}, false, err
	}
	return s, madePassword, nil
}
