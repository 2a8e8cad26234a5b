package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const originDefault = "default"

// setting is the value of an option and where it comes from.
type setting struct {
	option *option
	value  string
	num    int64 // of a toggle, number or size
	origin string
	failed bool // it is the value of before one that was refused
}

// config is a complete and valid configuration.
type config struct {
	file     string // that was read, "" if there was none
	order    []string
	settings map[string]setting
}

// newConfig returns the configuration of an empty file.
func newConfig(table []option) (config, []error) {
	c := config{settings: make(map[string]setting, len(table))}
	var errs []error
	for i := range table {
		s := setting{option: &table[i], value: table[i].def, origin: originDefault}
		if s.value != "" {
			n, err := table[i].parse(s.value)
			if err != nil {
				errs = append(errs, fmt.Errorf("default of %s: %w", table[i].name, err))
			}
			s.num = n
		}
		c.order = append(c.order, table[i].name)
		c.settings[table[i].name] = s
	}
	return c, errs
}

// mistake is something that is wrong with a configuration.
type mistake struct {
	origin string // of the assignment that is wrong
	err    error
}

func (m *mistake) Error() string { return m.origin + ": " + m.err.Error() }

func (m *mistake) Unwrap() error { return m.err }

func mistakef(origin, format string, args ...any) error {
	return &mistake{origin, fmt.Errorf(format, args...)}
}

// resolveConfig lays sources over the defaults, each winning over those before
// it. All that is wrong anywhere is returned, in the order of the assignments, also
// in values that another one overrides: a mistake that waits for its day is a mistake.
func resolveConfig(table []option, sources ...[]assignment) (config, []error) {
	c, errs := newConfig(table)
	rank := map[string]int{} // of an origin
	for _, source := range sources {
		seen := map[string]string{}
		for _, a := range source {
			if _, known := rank[a.origin]; !known {
				rank[a.origin] = len(rank)
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
	if m, ok := errors.AsType[*mistake](err); ok {
		if r, known := rank[m.origin]; known {
			return r
		}
	}
	return len(rank)
}

// apply checks one assignment and takes it over. seen holds where the same
// source has named an option before. An empty value counts as not given.
func (c *config) apply(table []option, a assignment, seen map[string]string) []error {
	if a.err != nil {
		return []error{&mistake{a.origin, a.err}}
	}
	o := findOption(table, a.name)
	if o == nil {
		return []error{unknownOption(table, a)}
	}
	var errs []error
	first, twice := seen[o.name]
	if twice {
		errs = append(errs, mistakef(a.origin, "%s is given twice, first at %s", o.name, first))
	} else {
		seen[o.name] = a.origin
	}
	if a.value == "" {
		return errs
	}
	n, err := o.parse(a.value)
	if err != nil {
		s := c.settings[o.name]
		s.failed = true
		c.settings[o.name] = s
		return append(errs, mistakef(a.origin, "%s: %w", o.assignment(a.value), err))
	}
	if !twice {
		c.settings[o.name] = setting{option: o, value: a.value, num: n, origin: a.origin}
	}
	return errs
}

func unknownOption(table []option, a assignment) error {
	if o := findOptionFold(table, a.name); o != nil {
		return mistakef(a.origin, "%s is spelled %s", a.name, o.name)
	}
	names := make([]string, 0, len(table))
	for _, o := range table {
		names = append(names, o.name)
	}
	return mistakef(a.origin, "no such option: %s%s", a.name, didYouMean("", a.name, names))
}

// check finds what is wrong with the values that count, taken together.
func (c *config) check() []error {
	var errs []error
	for _, name := range []string{"Pass", "GossipDataSyncAuthKey"} {
		if secret, file := c.get(name), c.get(name+"_File"); secret.value != "" && file.value != "" {
			errs = append(errs, mistakef(file.origin, "%s: %s is given too, at %s: only one of them can count", file.option.name, name, secret.origin))
		}
	}
	return slices.Concat(errs, c.checkPairs(), c.checkHTTPS(), c.checkSync(), c.checkImport(), c.checkURLCache())
}

// checkPairs finds numbers that contradict each other.
func (c *config) checkPairs() []error {
	var errs []error
	for _, pair := range [][2]string{
		{"Websocket_Client_MinRecTime", "Websocket_Client_MaxRecTime"},
		{"MaxValueSize", "Http_MaxBodyMemory"},
	} {
		low, high := c.get(pair[0]), c.get(pair[1])
		if low.num > high.num {
			errs = append(errs, mistakef(low.origin, "%s %s: want at most %s, which is %s", pair[0], low.value, pair[1], high.value))
		}
	}
	return errs
}

// text returns the value of an option as it is written.
func (c *config) text(name string) string { return c.get(name).value }

// int returns the number of an option.
func (c *config) int(name string) int64 { return c.get(name).num }

// on returns whether a toggle is 1.
func (c *config) on(name string) bool { return c.get(name).num == 1 }

// atDefault returns whether an option has its default value, whoever has set it.
func (c *config) atDefault(name string) bool {
	s := c.get(name)
	return s.value == s.option.def
}

// stronger returns whether an option was given by a source that wins over that of another:
// a flag, the environment, the file, the default.
func (c *config) stronger(name, other string) bool {
	return strength(c.get(name).origin) > strength(c.get(other).origin)
}

func strength(origin string) int {
	switch {
	case strings.HasPrefix(origin, "flag "):
		return 3
	case strings.HasPrefix(origin, "environment "):
		return 2
	case origin != originDefault:
		return 1
	}
	return 0
}

// duration returns the number of an option in its unit.
func (c *config) duration(name string) time.Duration {
	s := c.get(name)
	unit := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "min": time.Minute}[s.option.unit]
	return time.Duration(s.num) * unit
}

func (c *config) get(name string) setting {
	s, ok := c.settings[name]
	if !ok {
		panic("no option " + name) // a name in the source code that is not in the table
	}
	return s
}

// dataDir returns the path of the data directory.
func (c *config) dataDir() string { return filepath.Clean(c.text("DBfile")) }
