package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrTwice is in the mistake of an option that one source gives twice.
var ErrTwice = errors.New("is given twice")

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

// resolve returns the configuration that sources, those of the file, the environment and the
// flags, make of the defaults: each wins over those before it. All that is wrong anywhere is
// returned, in the order of the assignments, also in values that another one overrides: a mistake
// that waits for its day is a mistake.
func resolve(sources ...[]assignment) (*Config, []error) {
	c := &Config{}
	var errs []error
	for _, o := range c.options() {
		c.settings = append(c.settings, Setting{Option: o, Text: o.Default, Origin: OriginDefault})
		if o.Default == "" {
			continue
		}
		if set, err := o.read(o.Default); err == nil {
			set()
		} else {
			errs = append(errs, fmt.Errorf("default of %s: %w", o.Name, err))
		}
	}
	rank := map[string]int{} // of an origin
	for i, source := range sources {
		seen := map[string]string{}
		for _, a := range source {
			if _, known := rank[a.origin]; !known {
				rank[a.origin] = len(rank)
			}
			errs = append(errs, c.apply(a, File+Source(i), seen)...)
		}
	}
	errs = append(errs, c.check()...)
	slices.SortStableFunc(errs, func(a, b error) int { return cmp.Compare(rankOf(rank, a), rankOf(rank, b)) })
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
// source has named an option before. An empty value counts as not given.
func (c *Config) apply(a assignment, source Source, seen map[string]string) []error {
	if a.err != nil {
		return []error{&Mistake{a.origin, a.err}}
	}
	s, exact := c.Find(a.name)
	if !exact {
		return []error{c.unknown(a, s)}
	}
	var errs []error
	first, twice := seen[s.Name]
	if twice {
		errs = append(errs, mistakef(a.origin, "%s %w, first at %s", s.Name, ErrTwice, first))
	} else {
		seen[s.Name] = a.origin
	}
	if a.value == "" {
		return errs
	}
	s.Given = a.origin
	set, err := s.read(a.value)
	if err != nil {
		return append(errs, mistakef(a.origin, "%s: %w", s.assignment(a.value), err))
	}
	if !twice {
		set()
		s.Text, s.Source, s.Origin = a.value, source, a.origin
	}
	return errs
}

// unknown says that there is no such option; similar differs in case only, if it is not nil.
func (c *Config) unknown(a assignment, similar *Setting) error {
	if similar != nil {
		return mistakef(a.origin, "%s is spelled %s", a.name, similar.Name)
	}
	var names []string
	for _, s := range c.settings {
		names = append(names, s.Name)
	}
	return mistakef(a.origin, "no such option: %s%s", a.name, DidYouMean("", a.name, names))
}
