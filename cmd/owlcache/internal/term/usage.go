package term

import (
	"errors"

	"github.com/spf13/cobra"
)

// MarkUsageErrors gives wrong arguments of a command and of those below it the
// exit code for wrong usage.
func MarkUsageErrors(cmd *cobra.Command, didYouMean func(prefix, name string, known []string) string) {
	for _, sub := range cmd.Commands() {
		MarkUsageErrors(sub, didYouMean)
	}
	if !cmd.Runnable() { // or its arguments would not be looked at
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil {
			return nil
		}
		hint := "; see " + cmd.CommandPath() + " --help"
		if didYouMean != nil && len(args) > 0 && cmd.HasSubCommands() {
			hint += didYouMean("", args[0], CommandNames(cmd))
		}
		return Usage(errors.New(err.Error() + hint))
	}
}

// CommandNames returns the names of the commands below one.
func CommandNames(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return names
}
