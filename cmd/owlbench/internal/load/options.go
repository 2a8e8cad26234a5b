package load

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"owlcache/cmd/owlbench/internal/report"
)

// Options say what load is put on a server. The zero value of a field means its default.
type Options struct {
	Conns   int     `json:"conns"`           // connections, each with one request under way; default 64
	Keys    uint64  `json:"keys"`            // keys, of which each request takes any; default 1,000,000
	Value   int     `json:"value"`           // bytes of a value; default 100
	Seconds float64 `json:"seconds"`         // length of a round; default 3
	Rounds  int     `json:"rounds"`          // default 5
	Depth   int     `json:"depth,omitempty"` // requests that a connection sends together; default 1
}

// WithDefaults fills what is zero and refuses what makes no sense.
func (o Options) WithDefaults() (Options, error) {
	o.Conns = cmp.Or(o.Conns, 64)
	o.Keys = cmp.Or(o.Keys, 1_000_000)
	o.Value = cmp.Or(o.Value, 100)
	o.Seconds = cmp.Or(o.Seconds, 3)
	o.Rounds = cmp.Or(o.Rounds, 5)
	o.Depth = cmp.Or(o.Depth, 1)
	var errs []error
	check := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	check(o.Conns > 0 && o.Conns <= 10_000, "--conns: want 1 to 10000")
	check(o.Keys <= 1e9, "--keys: want at most 1000000000")
	check(o.Value > 0 && o.Value <= 16<<10, "--value: want 1 to 16384 bytes")
	check(o.Seconds > 0 && o.Seconds <= 3600, "--seconds: want at most 3600")
	check(o.Rounds > 0 && o.Rounds <= 1000, "--rounds: want 1 to 1000")
	check(o.Depth > 0 && o.Depth <= 1024, "--depth: want 1 to 1024")
	if len(errs) > 0 {
		return o, report.Usage(errors.Join(errs...))
	}
	return o, nil
}

// Length returns how long a round takes.
func (o Options) Length() time.Duration {
	return time.Duration(o.Seconds * float64(time.Second))
}

// Register adds the flags to a command, with the usual defaults.
func (o *Options) Register(flags *pflag.FlagSet) {
	*o, _ = Options{}.WithDefaults() // which are right
	flags.Uint64Var(&o.Keys, "keys", o.Keys, "number of keys")
	flags.IntVar(&o.Value, "value", o.Value, "`bytes` of each value")
	o.RegisterRounds(flags, "connections, each with one request under way", "length of a round")
}

// RegisterRounds adds the flags that all measurements in rounds have. What the options are
// is the default.
func (o *Options) RegisterRounds(flags *pflag.FlagSet, conns, seconds string) {
	flags.IntVar(&o.Conns, "conns", o.Conns, conns)
	flags.Float64Var(&o.Seconds, "seconds", o.Seconds, seconds)
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "rounds; the figures are medians of them")
}

// Op is which requests a load sends.
type Op string

// The loads.
const (
	Get   Op = "get"
	Set   Op = "set"
	Mixed Op = "mixed" // nine gets to one set
)

// String, Set and Type make Op a pflag.Value.
func (m *Op) String() string { return string(*m) }

// Set takes the name of a load.
func (m *Op) Set(s string) error {
	if !slices.Contains([]Op{Get, Set, Mixed}, Op(s)) {
		return errors.New("want get, set or mixed")
	}
	*m = Op(s)
	return nil
}

// Type is part of pflag.Value.
func (m *Op) Type() string { return "op" }

// reads returns how many of ten requests are gets.
func (m Op) reads() int { return map[Op]int{Get: 10, Mixed: 9}[m] }
