package term

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Choice is the value of a flag that is one of some words.
type Choice struct {
	Value string
	what  string // is chosen
	words []string
}

// Register adds the flag name to set, which is one of cmd's. Its value is c.Value unless it is given.
func (c *Choice) Register(cmd *cobra.Command, set *pflag.FlagSet, name, short, usage, what string, words ...string) {
	c.what, c.words = what, words
	set.VarP(c, name, short, usage)
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// String, Set and Type make Choice a pflag.Value.
func (c *Choice) String() string { return c.Value }

// Set takes a word.
func (c *Choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return errors.New("want " + strings.Join(c.words, " or "))
	}
	c.Value = s
	return nil
}

// Type returns what the help calls the value.
func (c *Choice) Type() string { return c.what }

// Output is the value of the flag -o: text for people, json for programs.
type Output struct{ choice Choice }

// Register adds the flag to a command.
func (o *Output) Register(cmd *cobra.Command) { o.register(cmd, cmd.Flags()) }

// RegisterForAll adds the flag to a command and to those below it.
func (o *Output) RegisterForAll(cmd *cobra.Command) { o.register(cmd, cmd.PersistentFlags()) }

func (o *Output) register(cmd *cobra.Command, set *pflag.FlagSet) {
	o.choice.Value = "text"
	o.choice.Register(cmd, set, "output", "o", "output `format`: text or json", "format", "text", "json")
}

// JSON tells whether the output is for programs.
func (o *Output) JSON() bool { return o.choice.Value == "json" }
