package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/pflag"
)

// results are what a measurement has found, row by row.
type results struct {
	*printer `json:"-"`
	Rows     []row    `json:"rows"`
	Notes    []string `json:"notes"`
}

// add adds a row.
func (r *results) add(rows ...row) { r.Rows = append(r.Rows, rows...) }

// note keeps a line for the report, and tells it at once.
func (r *results) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	r.logf(format, args...)
}

// missing reports whether a part cannot be measured because a program is not
// installed, and notes it.
func (r *results) missing(part string, programs ...string) bool {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			r.note("%s: left out, %s is not installed", part, name)
			return true
		}
	}
	return false
}

// ok returns whether all targets are met.
func (r *results) ok() bool {
	for _, row := range r.Rows {
		if !row.OK {
			return false
		}
	}
	return true
}

// table draws the rows for people.
func (r *results) table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "what\towlcache\tpeer\t\tunit\tratio\ttarget\t\n")
	for _, row := range r.Rows {
		row.print(w)
	}
}

// tableWithNotes draws the rows and, below them, the notes.
func (r *results) tableWithNotes(w io.Writer) {
	r.table(w)
	_, _ = fmt.Fprint(w, strings.Join(append(r.Notes, ""), "\n"))
}

// machine is what the figures were measured on.
type machine struct {
	CPUs   int    `json:"cpus"`
	Pinned *bool  `json:"pinned,omitempty"` // servers and load on a CPU each; nil if not asked for
	Go     string `json:"go"`
	System string `json:"system"`
}

// thisMachine describes the machine that this runs on.
func thisMachine(pinned *bool) machine {
	return machine{CPUs: runtime.NumCPU(), Pinned: pinned, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
}

// reportFlags say how a report with targets is printed.
type reportFlags struct {
	format format
	strict bool
}

func (f *reportFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.strict, "strict", false, "fail when a target is missed")
	f.format.register(flags)
}

// measured is a report with targets.
type measured interface {
	table(io.Writer)
	ok() bool
}

// print prints a report. With --strict it is an error if a target is missed.
func (f *reportFlags) print(w io.Writer, r measured) error {
	if err := f.format.print(w, r); err != nil {
		return err
	}
	if f.strict && !r.ok() {
		return errors.New("a target is missed")
	}
	return nil
}
