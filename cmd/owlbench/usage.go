package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The exit codes of all commands.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// wrongUsage is an error of the command line, not of what it does.
type wrongUsage struct{ err error }

func (e *wrongUsage) Error() string { return e.err.Error() }
func (e *wrongUsage) Unwrap() error { return e.err }

// usageError makes err an error of the command line.
func usageError(err error) error { return &wrongUsage{err} }

// checkOnly refuses names that --only does not know. kind says what they name.
func checkOnly(only []string, kind string, known []string) error {
	for _, name := range only {
		if !slices.Contains(known, name) {
			return usageError(fmt.Errorf("--only: there is no %s %q", kind, name))
		}
	}
	return nil
}

// wants reports whether --only names something. Empty, it names everything.
func wants(only []string, name string) bool {
	return len(only) == 0 || slices.Contains(only, name)
}

// finish prints err, line by line, and returns the exit code that it stands for.
func finish(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		// An error of stderr itself leaves nobody to tell.
		_, _ = fmt.Fprintf(stderr, "owlbench: %s\n", strings.TrimRight(line, "\n"))
	}
	var usage *wrongUsage
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}
