package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const OriginDefault = "default"

// Setting is the value of an option and where it comes from.
type Setting struct {
	Option *Option
	Value  string
	Num    int64 // of a toggle, number or size
	Origin string
	failed bool // it is the value of before one that was refused
}

// Config is a complete and valid configuration.
type Config struct {
	file     string // that was read, "" if there was none
	order    []string
	settings map[string]Setting
}

// newConfig returns the configuration of an empty file.
func newConfig(table []Option) (Config, []error) {
	c := Config{settings: make(map[string]Setting, len(table))}
	var errs []error
	for i := range table {
		s := Setting{Option: &table[i], Value: table[i].Default, Origin: OriginDefault}
		if s.Value != "" {
			n, err := table[i].parse(s.Value)
			if err != nil {
				errs = append(errs, fmt.Errorf("default of %s: %w", table[i].Name, err))
			}
			s.Num = n
		}
		c.order = append(c.order, table[i].Name)
		c.settings[table[i].Name] = s
	}
	return c, errs
}

// Mistake is something that is wrong with a configuration.
type Mistake struct {
	Origin string // of the assignment that is wrong
	Err    error
}

func (m *Mistake) Error() string { return m.Origin + ": " + m.Err.Error() }

func (m *Mistake) Unwrap() error { return m.Err }

func mistakef(origin, format string, args ...any) error {
	return &Mistake{origin, fmt.Errorf(format, args...)}
}

// Resolve lays sources over the defaults, each winning over those before
// it. All that is wrong anywhere is returned, in the order of the assignments, also
// in values that another one overrides: a mistake that waits for its day is a mistake.
func Resolve(table []Option, sources ...[]Assignment) (Config, []error) {
	c, errs := newConfig(table)
	rank := map[string]int{} // of an origin
	for _, source := range sources {
		seen := map[string]string{}
		for _, a := range source {
			if _, known := rank[a.Origin]; !known {
				rank[a.Origin] = len(rank)
			}
			errs = append(errs, c.apply(table, a, seen)...)
		}
	}
	errs = append(errs, c.check()...)
	slices.SortStableFunc(errs, func(a, b error) int { return rankOf(rank, a) - rankOf(rank, b) })
	return c, errs
}

// rankOf returns where err belongs: what is wrong with no assignment comes last.
func rankOf(rank map[string]int, err error) int {
	if m, ok := errors.AsType[*Mistake](err); ok {
		if r, known := rank[m.Origin]; known {
			return r
		}
	}
	return len(rank)
}

// apply checks one assignment and takes it over. seen holds where the same
// Source has named an option before. An empty value counts as not given.
func (c *Config) apply(table []Option, a Assignment, seen map[string]string) []error {
	if a.Err != nil {
		return []error{&Mistake{a.Origin, a.Err}}
	}
	o := FindOption(table, a.Name)
	if o == nil {
		return []error{unknownOption(table, a)}
	}
	var errs []error
	first, twice := seen[o.Name]
	if twice {
		errs = append(errs, mistakef(a.Origin, "%s is given twice, first at %s", o.Name, first))
	} else {
		seen[o.Name] = a.Origin
	}
	if a.Value == "" {
		return errs
	}
	n, err := o.parse(a.Value)
	if err != nil {
		s := c.settings[o.Name]
		s.failed = true
		c.settings[o.Name] = s
		return append(errs, mistakef(a.Origin, "%s: %w", o.assignment(a.Value), err))
	}
	if !twice {
		c.settings[o.Name] = Setting{Option: o, Value: a.Value, Num: n, Origin: a.Origin}
	}
	return errs
}

func unknownOption(table []Option, a Assignment) error {
	if o := FindOptionFold(table, a.Name); o != nil {
		return mistakef(a.Origin, "%s is spelled %s", a.Name, o.Name)
	}
	names := make([]string, 0, len(table))
	for _, o := range table {
		names = append(names, o.Name)
	}
	return mistakef(a.Origin, "no such option: %s%s", a.Name, DidYouMean("", a.Name, names))
}

// check finds what is wrong with the values that count, taken together.
func (c *Config) check() []error {
	var errs []error
	for _, name := range []string{"Pass", "GossipDataSyncAuthKey"} {
		if secret, file := c.Get(name), c.Get(name+"_File"); secret.Value != "" && file.Value != "" {
			errs = append(errs, mistakef(file.Origin, "%s: %s is given too, at %s: only one of them can count", file.Option.Name, name, secret.Origin))
		}
	}
	return slices.Concat(errs, c.checkPairs(), c.checkHTTPS(), c.checkSync(), c.checkImport(), c.checkURLCache())
}

// checkPairs finds numbers that contradict each other.
func (c *Config) checkPairs() []error {
	var errs []error
	for _, pair := range [][2]string{
		{"Websocket_Client_MinRecTime", "Websocket_Client_MaxRecTime"},
		{"MaxValueSize", "Http_MaxBodyMemory"},
	} {
		low, high := c.Get(pair[0]), c.Get(pair[1])
		if low.Num > high.Num {
			errs = append(errs, mistakef(low.Origin, "%s %s: want at most %s, which is %s", pair[0], low.Value, pair[1], high.Value))
		}
	}
	return errs
}

// Text returns the value of an option as it is written.
func (c *Config) Text(name string) string { return c.Get(name).Value }

// Int returns the number of an option.
func (c *Config) Int(name string) int64 { return c.Get(name).Num }

// On returns whether a toggle is 1.
func (c *Config) On(name string) bool { return c.Get(name).Num == 1 }

// AtDefault returns whether an option has its default value, whoever has set it.
func (c *Config) AtDefault(name string) bool {
	s := c.Get(name)
	return s.Value == s.Option.Default
}

// Stronger returns whether an option was given by a source that wins over that of another:
// a flag, the environment, the file, the default.
func (c *Config) Stronger(name, other string) bool {
	return strength(c.Get(name).Origin) > strength(c.Get(other).Origin)
}

func strength(origin string) int {
	switch {
	case strings.HasPrefix(origin, "flag "):
		return 3
	case strings.HasPrefix(origin, "environment "):
		return 2
	case origin != OriginDefault:
		return 1
	}
	return 0
}

// Duration returns the number of an option in its unit.
func (c *Config) Duration(name string) time.Duration {
	s := c.Get(name)
	unit := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "min": time.Minute}[s.Option.Unit]
	return time.Duration(s.Num) * unit
}

func (c *Config) Get(name string) Setting {
	s, ok := c.settings[name]
	if !ok {
		panic("no option " + name) // a name in the source code that is not in the table
	}
	return s
}

// DataDir returns the path of the data directory.
func (c *Config) DataDir() string { return filepath.Clean(c.Text("DBfile")) }
