package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Config is a complete and valid configuration. Each field of its parts is bound to one option of
// the table. The pointer to a field stands for its option: c.Setting(&c.Listen.Host).
type Config struct {
	File string // that was read, "" if there was none

	Listen   Listen
	Access   Access
	Storage  Storage
	Limits   Limits
	Logs     Logs
	Tasks    Tasks
	HTTPS    HTTPS
	Group    Group
	Sync     Sync
	Import   Import
	URLCache URLCache

	settings []Setting // in the order of the table
}

// Source is what has given an option its value. A greater one wins.
type Source int

// The sources of values.
const (
	Default Source = iota
	File
	Environment
	Flag
)

// OriginDefault is the origin of a value that nobody has given.
const OriginDefault = "default"

// Setting is an option with the text of its value, and where that comes from.
type Setting struct {
	Option
	Text   string
	Source Source
	Origin string // file:line, environment NAME, flag --name or OriginDefault
	Given  string // origin of the last value that was given, right or wrong; "" if there is none
}

// Shown returns the value as it may be printed.
func (s *Setting) Shown() string { return s.shown(s.Text) }

// options returns the table of all options in the order of the documentation, bound to c. It is the
// one place that knows their names and defaults.
func (c *Config) options() []Option {
	return slices.Concat(c.Listen.options(), c.Access.options(), c.Storage.options(), c.Limits.options(), c.Logs.options(), c.Tasks.options(),
		c.HTTPS.options(), c.Group.options(), c.Sync.options(), c.Import.options(), c.URLCache.options())
}

// Settings returns all settings in the order of the table.
func (c *Config) Settings() []Setting { return c.settings }

// Setting returns that of a field of c, to which field points.
func (c *Config) Setting(field any) *Setting {
	i := slices.IndexFunc(c.settings, func(s Setting) bool { return s.field == field })
	if i < 0 {
		panic(fmt.Sprintf("config: %T is no field of this configuration", field))
	}
	return &c.settings[i]
}

// Find returns the setting of that name, nil if there is none; exact tells that case is right too.
func (c *Config) Find(name string) (s *Setting, exact bool) {
	i := slices.IndexFunc(c.settings, func(s Setting) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		return nil, false
	}
	return &c.settings[i], c.settings[i].Name == name
}

// Path returns the path of a file in the data directory, or elsewhere if name is absolute.
func (c *Config) Path(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(c.Storage.Dir, name)
}
