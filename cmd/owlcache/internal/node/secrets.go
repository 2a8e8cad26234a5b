package node

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// secrets is what the server needs to know in secret.
type secrets struct {
	password    string
	made        bool // the password was made right now: nobody has seen it yet
	stored      bool // the password is that of the data directory
	edited      bool // somebody has edited their file, or it is damaged
	tokenSecret []byte
}

// resolveSecrets takes the secrets from the configuration, and what that leaves
// open from the data directory, where they are made if they are missing.
func resolveSecrets(c *config.Config, dir *datadir.Dir) (secrets, error) {
	password, err := c.Password()
	if err != nil {
		return secrets{}, err
	}
	configured := c.Access.TokenSecret
	if configured == config.WellKnownSecret {
		configured = ""
	}
	wantPassword, wantTokenSecret := password == "", len(configured) < config.MinTokenSecret
	// Before anything is added to the file.
	if err := checkSecretFile(dir.File(datadir.SecretFile), wantPassword, wantTokenSecret); err != nil {
		return secrets{}, term.Usage(err)
	}
	stored, made, err := dir.Secrets(wantPassword, wantTokenSecret)
	if err != nil {
		return secrets{}, fmt.Errorf("secrets of the data directory: %w", err)
	}
	s := secrets{password: password, tokenSecret: tokenKey(configured, stored.TokenSecret), edited: stored.Edited}
	if wantPassword {
		s.password, s.made, s.stored = stored.Password, made, true
	}
	return s, nil
}

// checkSecretFile refuses a file of secrets, perhaps written by hand, in which what
// is wanted is there and too easy to guess. What is missing will be made.
func checkSecretFile(path string, wantPassword, wantTokenSecret bool) error {
	stored, err := datadir.ReadSecrets(path)
	if err != nil {
		return err
	}
	var errs []error
	if wantPassword && stored.Password != "" {
		if err := config.CheckPassword(stored.Password); err != nil {
			errs = append(errs, fmt.Errorf("%s: password: %w", path, err))
		}
	}
	if n := len(stored.TokenSecret); wantTokenSecret && n > 0 && n < config.MinTokenSecret {
		errs = append(errs, fmt.Errorf("%s: token_secret: %d bytes: want at least %d, or leave it empty to have one made", path, n, config.MinTokenSecret))
	}
	return errors.Join(errs...)
}

// tokenKey derives the key that signs tokens. A short secret can be guessed
// from a single token, so it only chooses among keys that nobody can guess.
func tokenKey(configured, generated string) []byte {
	switch {
	case len(configured) >= config.MinTokenSecret:
		return []byte(configured)
	case configured == "":
		return []byte(generated)
	}
	mac := hmac.New(sha256.New, []byte(generated))
	mac.Write([]byte(configured)) // a hash never fails
	return mac.Sum(nil)
}
