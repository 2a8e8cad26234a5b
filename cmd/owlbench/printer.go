package main

import (
	"fmt"
	"io"
)

// printer is where a measurement says what it does and what it has found.
type printer struct {
	stdout, stderr io.Writer
}

// logf tells a person how far a measurement is.
func (p *printer) logf(format string, args ...any) {
	// An error of stderr itself leaves nobody to tell.
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...)
}
