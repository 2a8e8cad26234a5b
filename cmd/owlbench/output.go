package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// output is the value of the flag -o: text for people, json for programs.
type output string

// register adds the flag to a command.
func (o *output) register(cmd *cobra.Command) {
	*o = "text"
	cmd.Flags().VarP(o, "output", "o", "output `format`: text or json")
}

// String, Set and Type make output a pflag.Value.
func (o *output) String() string { return string(*o) }

func (o *output) Set(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("want text or json")
	}
	*o = output(s)
	return nil
}

func (o *output) Type() string { return "format" }

// print writes v as JSON, or as the table that it draws.
func (o *output) print(w io.Writer, v interface{ table(io.Writer) }) error {
	if *o == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	v.table(tw)
	return tw.Flush()
}
