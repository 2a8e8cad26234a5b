package report

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// Results are what a measurement has found, row by row.
type Results struct {
	*Printer `json:"-"`
	Rows     `json:"rows"`
	Notes    []string `json:"notes"`
}

// Add adds a row.
func (r *Results) Add(rows ...Row) { r.Rows = append(r.Rows, rows...) }

// Note keeps a line for the report, and tells it at once.
func (r *Results) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	r.Logf(format, args...)
}

// Missing notes that a part cannot be measured if one of its programs is not installed.
func (r *Results) Missing(part string, programs ...string) bool {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			r.Note("%s: left out, %s is not installed", part, name)
			return true
		}
	}
	return false
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

// Part is a part of a measurement, which --only may name.
type Part struct {
	Name string
	Run  func(context.Context) error
}

// PartNames returns the names of parts.
func PartNames(parts []Part) (names []string) {
	for _, p := range parts {
		names = append(names, p.Name)
	}
	return names
}

// RunParts runs the parts that only names, all if it names none.
func (p *Printer) RunParts(ctx context.Context, parts []Part, only []string) error {
	for _, part := range parts {
		if !Wants(only, part.Name) {
			continue
		}
		p.Logf("%s", part.Name)
		if err := part.Run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return nil
}

// CheckOnly refuses names that --only does not know. kind says what they name.
func CheckOnly(only []string, kind string, known []string) error {
	for _, name := range only {
		if !slices.Contains(known, name) {
			return Usage(fmt.Errorf("--only: there is no %s %q", kind, name))
		}
	}
	return nil
}

// Wants reports whether --only names something. Empty, it names everything.
func Wants(only []string, name string) bool {
	return len(only) == 0 || slices.Contains(only, name)
}
