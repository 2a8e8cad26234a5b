package termtest

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// Run runs one of some commands as the program does, and returns the exit code.
func Run(ctx context.Context, p *term.Process, args []string, commands ...*cobra.Command) int {
	root := &cobra.Command{Use: "owlcache", SilenceErrors: true, SilenceUsage: true}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return term.Usage(errors.New(err.Error())) })
	root.AddCommand(commands...)
	term.MarkUsageErrors(root, nil)
	root.SetArgs(args)
	return term.Finish(p.Stderr, root.ExecuteContext(ctx))
}
