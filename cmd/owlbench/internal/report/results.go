package report

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/pflag"
)

// Results are what a measurement has found, row by row.
type Results struct {
	*Printer `json:"-"`
	Rows     []Row    `json:"rows"`
	Notes    []string `json:"notes"`
}

// Add adds a row.
func (r *Results) Add(rows ...Row) { r.Rows = append(r.Rows, rows...) }

// Note keeps a line for the report, and tells it at once.
func (r *Results) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	r.Logf(format, args...)
}

// Missing reports whether a part cannot be measured because a program is not
// installed, and notes it.
func (r *Results) Missing(part string, programs ...string) bool {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			r.Note("%s: left out, %s is not installed", part, name)
			return true
		}
	}
	return false
}

// OK returns whether all targets are met.
func (r *Results) OK() bool {
	for _, row := range r.Rows {
		if !row.OK {
			return false
		}
	}
	return true
}

// Table draws the rows for people.
func (r *Results) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "what\towlcache\tpeer\t\tunit\tratio\ttarget\t\n")
	for _, row := range r.Rows {
		row.print(w)
	}
}

// TableWithNotes draws the rows and, below them, the notes.
func (r *Results) TableWithNotes(w io.Writer) {
	r.Table(w)
	_, _ = fmt.Fprint(w, strings.Join(append(r.Notes, ""), "\n"))
}

// LoadReport is what a comparison of servers under load prints.
type LoadReport struct {
	Load any `json:"load"`
	Machine
	Results
}

// Machine is what the figures were measured on.
type Machine struct {
	CPUs   int    `json:"cpus"`
	Pinned *bool  `json:"pinned,omitempty"` // servers and load on a CPU each; nil if not asked for
	Go     string `json:"go"`
	System string `json:"system"`
}

// ThisMachine describes the machine that this runs on.
func ThisMachine(pinned *bool) Machine {
	return Machine{CPUs: runtime.NumCPU(), Pinned: pinned, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
}

// Flags say how a report with targets is printed.
type Flags struct {
	Format Format
	Strict bool
}

// Register adds the flags to a command.
func (f *Flags) Register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.Strict, "strict", false, "fail when a target is missed")
	f.Format.Register(flags)
}

// Measured is a report with targets.
type Measured interface {
	Table(io.Writer)
	OK() bool
}

// Print prints a report. With --strict it is an error if a target is missed.
func (f *Flags) Print(w io.Writer, r Measured) error {
	if err := f.Format.Print(w, r); err != nil {
		return err
	}
	if f.Strict && !r.OK() {
		return errors.New("a target is missed")
	}
	return nil
}
