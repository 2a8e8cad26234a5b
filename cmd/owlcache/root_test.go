package main

import (
	"os"
	"path/filepath"
	"regexp"
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

// The places in the source that README.md names are there.
func TestReadmeNamesPlacesInTheSource(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	places := regexp.MustCompile("(?m)^\\| .* \\| `([a-z/_]+(?:/|\\.go))` \\|$").FindAllSubmatch(data, -1)
	if len(places) < 10 {
		t.Errorf("there are %d, want the table", len(places))
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join("../..", string(place[1]))); err != nil {
			t.Error(err)
		}
	}
}
