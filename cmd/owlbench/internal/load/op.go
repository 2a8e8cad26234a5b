package load

import "errors"

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
	switch Op(s) {
	case Get, Set, Mixed:
		*m = Op(s)
		return nil
	}
	return errors.New("want get, set or mixed")
}

// Type is part of pflag.Value.
func (m *Op) Type() string { return "op" }

// reads returns how many of ten requests are gets.
func (m Op) reads() int {
	switch m {
	case Set:
		return 0
	case Mixed:
		return 9
	default:
		return 10
	}
}
