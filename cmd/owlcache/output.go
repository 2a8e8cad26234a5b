package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// output is the value of the flag -o: text for people, json for programs.
type output string

// register adds the flag to a command.
func (o *output) register(cmd *cobra.Command) {
	*o = "text"
	cmd.Flags().VarP(o, "output", "o", "output `format`: text or json")
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func (o *output) json() bool { return *o == "json" }

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
