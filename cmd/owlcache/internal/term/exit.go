package term

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"owlcache/engine"
)

// The exit codes of the program and of all its commands.
const (
	CodeOK          = 0
	CodeFailed      = 1
	CodeUsage       = 2 // wrong usage or configuration
	CodeNotFound    = 3 // no such key
	CodeDenied      = 4 // not authorised
	CodeUnavailable = 6 // no node answers, or it does not serve data now
	CodeCorrupt     = 7 // the data directory is damaged
	CodeInterrupted = 130
)

// ExitError ends the program with a code. Without an Err nothing is printed.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Exit returns an error that ends the program with code, after err, if there is one, is printed.
func Exit(code int, err error) error { return &ExitError{code, err} }

// Usage returns err as one of wrong usage or configuration.
func Usage(err error) error { return Exit(CodeUsage, err) }

// Finish prints err, one line for each thing that is wrong, and returns the exit code that it
// stands for.
func Finish(stderr io.Writer, err error) int {
	if err == nil {
		return CodeOK
	}
	code := CodeFailed
	if exit, ok := errors.AsType[*ExitError](err); ok {
		if code = exit.Code; exit.Err == nil {
			return code
		}
	} else if _, ok := errors.AsType[*engine.CorruptError](err); ok {
		code = CodeCorrupt
	}
	for line := range strings.Lines(err.Error()) {
		// An error of stderr itself leaves nobody to tell.
		_, _ = fmt.Fprintf(stderr, "owlcache: %s\n", strings.TrimRight(line, "\n"))
	}
	return code
}
