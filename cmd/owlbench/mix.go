package main

import "errors"

// mix is which requests a load sends.
type mix string

const (
	mixGet   mix = "get"
	mixSet   mix = "set"
	mixMixed mix = "mixed" // nine gets to one set
)

// String, Set and Type make mix a pflag.Value.
func (m *mix) String() string { return string(*m) }

func (m *mix) Set(s string) error {
	switch mix(s) {
	case mixGet, mixSet, mixMixed:
		*m = mix(s)
		return nil
	}
	return errors.New("want get, set or mixed")
}

func (m *mix) Type() string { return "op" }

// reads returns how many of ten requests are gets.
func (m mix) reads() int {
	switch m {
	case mixSet:
		return 0
	case mixMixed:
		return 9
	default:
		return 10
	}
}
