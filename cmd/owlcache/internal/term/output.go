package term

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Output is the value of the flag -o: text for people, json for programs.
type Output string

// Register adds the flag to a command.
func (o *Output) Register(cmd *cobra.Command) { o.register(cmd, cmd.Flags()) }

// RegisterForAll adds the flag to a command and to those below it.
func (o *Output) RegisterForAll(cmd *cobra.Command) { o.register(cmd, cmd.PersistentFlags()) }

func (o *Output) register(cmd *cobra.Command, set *pflag.FlagSet) {
	*o = "text"
	set.VarP(o, "output", "o", "output `format`: text or json")
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func (o *Output) JSON() bool { return *o == "json" }

// String, Set and Type make Output a pflag.Value.
func (o *Output) String() string { return string(*o) }

func (o *Output) Set(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("want text or json")
	}
	*o = Output(s)
	return nil
}

func (o *Output) Type() string { return "format" }
