package main

import (
	"slices"
	"testing"
)

func TestClassicFlags(t *testing.T) {
	in := []string{"-config", "c", "-host=1.2.3.4", "--log", "l", "-pass", "p", "-o", "json", "-x", "--", "-host"}
	want := []string{"--config", "c", "--host=1.2.3.4", "--log", "l", "--pass", "p", "-o", "json", "-x", "--", "-host"}
	if got := classicFlags(in); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if classicFlags(nil) == nil {
		t.Error("no arguments turned into nil")
	}
}
