package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes of all commands.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// UsageError is an error of the command line, not of what it does.
type UsageError struct{ err error }

func (e *UsageError) Error() string { return e.err.Error() }
func (e *UsageError) Unwrap() error { return e.err }

// Usage makes err an error of the command line.
func Usage(err error) error { return &UsageError{err} }

// Finish prints err, line by line, and returns the exit code that it stands for.
func Finish(stderr io.Writer, err error) int {
	if err == nil {
		return ExitOK
	}
	for line := range strings.Lines(err.Error()) {
		// An error of stderr itself leaves nobody to tell.
		_, _ = fmt.Fprintf(stderr, "owlbench: %s\n", strings.TrimRight(line, "\n"))
	}
	if _, usage := errors.AsType[*UsageError](err); usage {
		return ExitUsage
	}
	return ExitFailed
}

// MaxLog is how many events of a key are reported.
const MaxLog = 40

// Violation is an answer that a correct server does not give.
type Violation struct {
	Key, What string
	Log       []string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s\nhistory of %s:\n  %s", v.Key, v.What, v.Key, strings.Join(v.Log, "\n  "))
}
