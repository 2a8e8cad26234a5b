package report

import (
	"encoding/json"
	"errors"
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
