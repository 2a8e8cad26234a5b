package config

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// Option describes one option of the configuration.
type Option struct {
	Name     string
	Default  string // as it would be written in the file
	Help     string // one line
	Secret   bool   // its value is never printed
	Obsolete bool   // it has no effect, and older files have it
	kind
}

// read checks a non-empty text and returns what sets the field to it. The error says what is
// wanted, not what was given.
func (o *Option) read(text string) (set func(), err error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("want text without control characters")
	}
	return o.parse(text)
}

// env returns the name of the environment variable that sets the option.
func (o *Option) env() string { return envPrefix + strings.ToUpper(o.Name) }

// shown returns a value as it may be printed: secrets are masked, and nothing
// can steer a terminal.
func (o *Option) shown(s string) string {
	switch {
	case o.Secret && s != "":
		return "********"
	case strings.ContainsFunc(s, unicode.IsControl):
		return strconv.Quote(s)
	}
	return s
}

// assignment returns how a value is given, for a message about it.
func (o *Option) assignment(value string) string {
	if o.Secret {
		return o.Name
	}
	return o.Name + " " + o.shown(value)
}
