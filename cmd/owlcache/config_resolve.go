package main

import (
	"fmt"
	"path/filepath"
	"time"
)

const originDefault = "default"

// setting is the value of an option and where it comes from.
type setting struct {
	option *option
	value  string
	num    int64 // of a toggle, number or size
	origin string
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

// resolveConfig lays sources over the defaults, each winning over those before
// it. All that is wrong anywhere is returned, also in values that another
// source overrides: a mistake that waits for its day is a mistake.
func resolveConfig(table []option, sources ...[]assignment) (config, []error) {
	c, errs := newConfig(table)
	for _, source := range sources {
		seen := map[string]string{}
		for _, a := range source {
			if err := c.apply(table, a, seen); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return c, append(errs, c.check()...)
}

// apply checks one assignment and takes it over. seen holds where the same
// source has named an option before. An empty value counts as not given.
func (c *config) apply(table []option, a assignment, seen map[string]string) error {
	if a.err != nil {
		return fmt.Errorf("%s: %w", a.origin, a.err)
	}
	o := findOption(table, a.name)
	if o == nil {
		return unknownOption(table, a)
	}
	if first, twice := seen[o.name]; twice {
		return fmt.Errorf("%s: %s is given twice, first at %s", a.origin, o.name, first)
	}
	seen[o.name] = a.origin
	if a.value == "" {
		return nil
	}
	n, err := o.parse(a.value)
	if err != nil {
		return fmt.Errorf("%s: %s %s: %w", a.origin, o.name, o.shown(a.value), err)
	}
	c.settings[o.name] = setting{option: o, value: a.value, num: n, origin: a.origin}
	return nil
}

func unknownOption(table []option, a assignment) error {
	if o := findOptionFold(table, a.name); o != nil {
		return fmt.Errorf("%s: %s is spelled %s", a.origin, a.name, o.name)
	}
	names := make([]string, 0, len(table))
	for _, o := range table {
		names = append(names, o.name)
	}
	return fmt.Errorf("%s: no such option: %s%s", a.origin, a.name, didYouMean(a.name, names))
}

// check finds what is wrong with the values that count, taken together.
func (c *config) check() []error {
	var errs []error
	for _, name := range c.order {
		s := c.settings[name]
		if s.option.unavailable != "" && s.value != s.option.def {
			errs = append(errs, fmt.Errorf("%s: %s %s: this version does not have %s, write: %s %s",
				s.origin, name, s.value, s.option.unavailable, name, s.option.def))
		}
	}
	errs = append(errs, c.checkPass()...)
	return append(errs, c.checkPairs()...)
}

// checkPass finds what is wrong with the password, as far as that needs no file.
func (c *config) checkPass() []error {
	var errs []error
	pass, file := c.get("Pass"), c.get("Pass_File")
	if pass.value == "" {
		return nil
	}
	if err := checkPassword(pass.value); err != nil {
		errs = append(errs, fmt.Errorf("%s: Pass: %w", pass.origin, err))
	}
	if file.value != "" {
		errs = append(errs, fmt.Errorf("%s: Pass_File: Pass is given too, at %s: only one of them can count", file.origin, pass.origin))
	}
	return errs
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
			errs = append(errs, fmt.Errorf("%s: %s %s: want at most %s, which is %s", low.origin, pair[0], low.value, pair[1], high.value))
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
