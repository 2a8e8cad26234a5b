package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/pflag"
)

// Format is the value of the flag -o: text for people, json for programs.
type Format string

// Register adds the flag to a command.
func (f *Format) Register(flags *pflag.FlagSet) {
	*f = "text"
	flags.VarP(f, "output", "o", "output `format`: text or json")
}

// String, Set and Type make format a pflag.Value.
func (f *Format) String() string { return string(*f) }

// Set takes text or json.
func (f *Format) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("want text or json")
	}
	*f = Format(s)
	return nil
}

// Type is part of pflag.Value.
func (f *Format) Type() string { return "format" }

// Print writes v as JSON, or as the table that it draws.
func (f *Format) Print(w io.Writer, v interface{ Table(io.Writer) }) error {
	if *f == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	v.Table(tw)
	return tw.Flush()
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

// Printer is where a measurement says what it does and what it has found.
type Printer struct {
	Stdout, Stderr io.Writer
}

// Logf tells a person how far a measurement is.
func (p *Printer) Logf(format string, args ...any) {
	// An error of stderr itself leaves nobody to tell.
	_, _ = fmt.Fprintf(p.Stderr, format+"\n", args...)
}
