package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

const (
	// minPassword is the least number of characters of a password.
	minPassword = 11
	// minTokenSecret is the least number of bytes of a secret that signs tokens
	// by itself.
	minTokenSecret = 32
	// wellKnownSecret was the default secret of earlier versions. Everybody
	// knows it, so it counts as none.
	wellKnownSecret = "hello_owlcache"
)

// checkPassword refuses passwords that are too easy to guess.
func checkPassword(s string) error {
	switch {
	case utf8.RuneCountInString(s) < minPassword:
		return fmt.Errorf("too short: want at least %d characters, or leave it empty to have one made", minPassword)
	case strings.Trim(s, "0123456789") == "":
		return errors.New("digits only: want letters or signs too, or leave it empty to have one made")
	}
	return nil
}

// passwordFromFile reads Pass_File.
func (c *config) passwordFromFile() (string, error) {
	return c.secretFromFile("Pass_File", checkPassword)
}

// secretFromFile reads the file that an option names. Line ends at its end are not part
// of the secret.
func (c *config) secretFromFile(name string, check func(string) error) (string, error) {
	s := c.get(name)
	data, err := os.ReadFile(s.value)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", s.origin, name, err)
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if err := check(secret); err != nil {
		return "", fmt.Errorf("%s: %s %s: %w", s.origin, name, s.value, err)
	}
	return secret, nil
}

// configuredPassword returns what Pass or Pass_File says, "" if neither is given.
func (c *config) configuredPassword() (string, error) {
	if c.text("Pass_File") != "" {
		return c.passwordFromFile()
	}
	return c.text("Pass"), nil
}

// secrets is what the server needs to know in secret.
type secrets struct {
	password     string
	made         bool // the password was made right now: nobody has seen it yet
	stored       bool // the password is that of the data directory
	edited       bool // somebody has edited their file, or it is damaged
	tokenSecret  []byte
	stretchedKey bool // the configured token secret is too short to be used alone
}

// resolveSecrets takes the secrets from the configuration, and what that leaves
// open from the data directory, where they are made if they are missing.
func resolveSecrets(c *config, dir *datadir.Dir) (secrets, error) {
	password, err := c.configuredPassword()
	if err != nil {
		return secrets{}, err
	}
	configured := c.text("Tonken_jwt_secret")
	if configured == wellKnownSecret {
		configured = ""
	}
	wantPassword, wantTokenSecret := password == "", len(configured) < minTokenSecret
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
	s.stretchedKey = configured != "" && len(configured) < minTokenSecret
	return s, nil
}

// checkSecretFile refuses a file of secrets, perhaps written by hand, in which what
// is wanted is there and too easy to guess. What is missing will be made.
func checkSecretFile(path string, wantPassword, wantTokenSecret bool) error {
	stored, err := readSecretFile(path)
	if err != nil {
		return err
	}
	var errs []error
	if wantPassword && stored.Password != "" {
		if err := checkPassword(stored.Password); err != nil {
			errs = append(errs, fmt.Errorf("%s: password: %w", path, err))
		}
	}
	if n := len(stored.TokenSecret); wantTokenSecret && n > 0 && n < minTokenSecret {
		errs = append(errs, fmt.Errorf("%s: token_secret: %d bytes: want at least %d, or leave it empty to have one made", path, n, minTokenSecret))
	}
	return errors.Join(errs...)
}

// readSecretFile reads the secrets of a data directory; there are none without the
// file. The error does not quote it.
func readSecretFile(path string) (datadir.Secrets, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return datadir.Secrets{}, nil
	}
	if err != nil {
		return datadir.Secrets{}, err
	}
	var s datadir.Secrets
	if json.Unmarshal(data, &s) != nil {
		return datadir.Secrets{}, fmt.Errorf("%s is not valid JSON with texts password and token_secret: restore it, or remove it to have new secrets made", path)
	}
	return s, nil
}

// tokenKey derives the key that signs tokens. A short secret can be guessed
// from a single token, so it only chooses among keys that nobody can guess.
func tokenKey(configured, generated string) []byte {
	switch {
	case len(configured) >= minTokenSecret:
		return []byte(configured)
	case configured == "":
		return []byte(generated)
	}
	mac := hmac.New(sha256.New, []byte(generated))
	mac.Write([]byte(configured)) // a hash never fails
	return mac.Sum(nil)
}
