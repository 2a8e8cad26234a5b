package report

import (
	"fmt"
	"io"
)

// Printer is where a measurement says what it does and what it has found.
type Printer struct {
	Stdout, Stderr io.Writer
}

// Logf tells a person how far a measurement is.
func (p *Printer) Logf(format string, args ...any) {
	// An error of stderr itself leaves nobody to tell.
	_, _ = fmt.Fprintf(p.Stderr, format+"\n", args...)
}
