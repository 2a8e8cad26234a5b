package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"owlcache/engine/datadir"
	"strings"
	"unicode/utf8"
)

const (
	// minPassword is the least number of characters of a password.
	minPassword = 11
	// MinTokenSecret is the least number of bytes of a secret that signs tokens
	// by itself.
	MinTokenSecret = 32
	// WellKnownSecret was the default secret of earlier versions. Everybody
	// knows it, so it counts as none.
	WellKnownSecret = "hello_owlcache"
)

// CheckPassword refuses passwords that are too easy to guess.
func CheckPassword(s string) error {
	switch {
	case utf8.RuneCountInString(s) < minPassword:
		return fmt.Errorf("too short: want at least %d characters, or leave it empty to have one made", minPassword)
	case strings.Trim(s, "0123456789") == "":
		return errors.New("digits only: want letters or signs too, or leave it empty to have one made")
	}
	return nil
}

// passwordFromFile reads Pass_File.
func (c *Config) passwordFromFile() (string, error) {
	return c.secretFromFile("Pass_File", CheckPassword)
}

// secretFromFile reads the file that an option names. Line ends at its end are not part
// of the secret.
func (c *Config) secretFromFile(name string, check func(string) error) (string, error) {
	s := c.Get(name)
	data, err := os.ReadFile(s.Value)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", s.Origin, name, err)
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if err := check(secret); err != nil {
		return "", fmt.Errorf("%s: %s %s: %w", s.Origin, name, s.Value, err)
	}
	return secret, nil
}

// ConfiguredPassword returns what Pass or Pass_File says, "" if neither is given.
func (c *Config) ConfiguredPassword() (string, error) {
	if c.Text("Pass_File") != "" {
		return c.passwordFromFile()
	}
	return c.Text("Pass"), nil
}

// ReadSecretFile reads the secrets of a data directory; there are none without the
// file. The error does not quote it.
func ReadSecretFile(path string) (datadir.Secrets, error) {
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
