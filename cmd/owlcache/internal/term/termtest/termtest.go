// Package termtest runs commands in tests, and checks what they print.
package termtest

import (
	"context"
	"errors"
	"testing"
	"unicode"
	"unicode/utf8"

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

// Harmless fails for what a terminal may take for more than text.
func Harmless(t testing.TB, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("unprintable %q in %q", r, s)
		}
	}
}
