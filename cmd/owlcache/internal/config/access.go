package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	minPassword = 11 // characters
	// MinTokenSecret is the least number of bytes of a secret that signs tokens by itself.
	MinTokenSecret = 32
	// WellKnownSecret was the default secret of earlier versions, and counts as none.
	WellKnownSecret = "hello_owlcache"
)

// Access is who may do what.
type Access struct {
	Password      string // see Config.Password
	PasswordFile  string
	TokenLifetime time.Duration // 0: no end
	TokenSecret   string
}

func (a *Access) options() []Option {
	return []Option{
		{Name: "Pass", kind: checked(&a.Password, CheckPassword), Secret: true, Help: "password of the pass command; empty = made at the first start"},
		{Name: "Pass_File", kind: text(&a.PasswordFile), Help: "file that holds the password"},
		{Name: "Tonken_expire_time", Default: "0", kind: span(&a.TokenLifetime, "s", 0, maxSeconds), Help: "life of a token; 0 = no expiry"},
		{Name: "Tonken_jwt_secret", kind: text(&a.TokenSecret), Secret: true, Help: "secret that signs tokens; empty = made at the first start"},
	}
}

// ShortTokenSecret tells whether the configured secret is too short to sign tokens by itself.
func (a *Access) ShortTokenSecret() bool {
	s := a.TokenSecret
	return s != "" && s != WellKnownSecret && len(s) < MinTokenSecret
}

// CheckPassword refuses passwords that are too easy to guess.
func CheckPassword(s string) error {
	return checkSecret(s, minPassword, ", or leave it empty to have one made")
}

// checkSecret refuses secrets that are too easy to guess; advice ends the error.
func checkSecret(s string, least int, advice string) error {
	switch {
	case utf8.RuneCountInString(s) < least:
		return fmt.Errorf("too short: want at least %d characters%s", least, advice)
	case strings.Trim(s, "0123456789") == "":
		return errors.New("digits only: want letters or signs too" + advice)
	}
	return nil
}

// Password returns what Pass or Pass_File says, "" if neither is given.
func (c *Config) Password() (string, error) {
	return c.secret(c.Access.Password, &c.Access.PasswordFile, CheckPassword)
}

// secret returns what the file has that a field names, or else what is given. Line ends at the
// end of the file are not part of it.
func (c *Config) secret(given string, file *string, check func(string) error) (string, error) {
	if *file == "" {
		return given, nil
	}
	s := c.Setting(file)
	data, err := os.ReadFile(*file)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", s.Origin, s.Name, err)
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if err := check(secret); err != nil {
		return "", fmt.Errorf("%s: %s %s: %w", s.Origin, s.Name, *file, err)
	}
	return secret, nil
}
