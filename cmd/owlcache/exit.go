package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"owlcache/engine"
)

// The exit codes of the program and of all its commands.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2 // wrong usage or configuration
	exitNotFound    = 3 // no such key
	exitDenied      = 4 // not authorised
	exitUnavailable = 6 // no node answers, or it does not serve data now
	exitCorrupt     = 7 // the data directory is damaged
	exitInterrupted = 130
)

// exitError ends the program with a code. Without an err nothing is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usageError(err error) error { return &exitError{exitUsage, err} }

// finish prints err, one line for each thing that is wrong, and returns the
// exit code that it stands for.
func finish(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitFailed
	var exit *exitError
	var corrupt *engine.CorruptError
	switch {
	case errors.As(err, &exit):
		if exit.err == nil {
			return exit.code
		}
		code = exit.code
	case errors.As(err, &corrupt):
		code = exitCorrupt
	}
	for line := range strings.Lines(err.Error()) {
		// An error of stderr itself leaves nobody to tell.
		_, _ = fmt.Fprintf(stderr, "owlcache: %s\n", strings.TrimRight(line, "\n"))
	}
	return code
}
