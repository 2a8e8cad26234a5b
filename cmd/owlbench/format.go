package main

import (
	"encoding/json"
	"errors"
	"io"
	"text/tabwriter"

	"github.com/spf13/pflag"
)

// format is the value of the flag -o: text for people, json for programs.
type format string

// register adds the flag to a command.
func (f *format) register(flags *pflag.FlagSet) {
	*f = "text"
	flags.VarP(f, "output", "o", "output `format`: text or json")
}

// String, Set and Type make format a pflag.Value.
func (f *format) String() string { return string(*f) }

// Set takes text or json.
func (f *format) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("want text or json")
	}
	*f = format(s)
	return nil
}

// Type is part of pflag.Value.
func (f *format) Type() string { return "format" }

// print writes v as JSON, or as the table that it draws.
func (f *format) print(w io.Writer, v interface{ table(io.Writer) }) error {
	if *f == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	v.table(tw)
	return tw.Flush()
}
