package clustercmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
)

// diffFlags are the flags of cluster diff.
type diffFlags struct {
	client    client.Flags
	passwordB string
	prefixes  term.Prefixes
}

func clusterDiffCommand(p *term.Process) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff NODE-A NODE-B",
		Short: "Compare what two nodes hold, and count what differs by prefix",
		Long: `Diff compares what two running nodes hold. NODE-A and NODE-B are the addresses of their HTTP ports; data sync
may be on or off. Only what differs is listed and read, and what differs is looked at twice, a second apart, so that
writes which are on their way are not counted.

Entries are counted by what stands before the first delimiter of their key, or, with --depth, before a later one. NEWER
ON A counts entries that both have, A in a newer version; DELETIONS those of all four columns whose newer state is a
deletion. Values are not read: equal versions have equal values.

The exit code is 0 when both hold the same, and 1 when they do not.`,
		Example: "  owlcache cluster diff 127.0.0.1:7721 127.0.0.1:7731\n  owlcache cluster diff 10.0.0.5:7721 10.0.0.6:7721 --depth 2 --password-file /etc/owlcache.password",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return clusterDiff(cmd.Context(), p, &f, args[0], args[1])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.client.Register(cmd, time.Minute)
	cmd.Flags().StringVar(&f.passwordB, "password-file-b", "", "`file` with the password of NODE-B, if it is another one")
	f.prefixes.Register(cmd.Flags(), "at most `N` prefixes, those with the most differences first")
	return cmd
}

// clusterDiff compares two nodes and prints how they differ.
func clusterDiff(ctx context.Context, p *term.Process, f *diffFlags, a, b string) error {
	if err := f.prefixes.Check(); err != nil {
		return err
	}
	flagsB := f.client
	if f.passwordB != "" {
		flagsB.PasswordFile = f.passwordB
	}
	d := &differ{settle: diffSettle, prefixes: &f.prefixes, progress: p.Bar(), counts: map[string]*diffCount{}}
	clientA, err := f.client.Client(a, false, p.Env)
	if err != nil {
		return err
	}
	defer clientA.Close()
	clientB, err := flagsB.Client(b, false, p.Env)
	if err != nil {
		return err
	}
	defer clientB.Close()
	d.sides[0].Session, d.sides[1].Session = client.NewSession(clientA, ""), client.NewSession(clientB, "")
	err = d.run(ctx)
	d.progress.Clear()
	if err != nil {
		return err
	}
	if d.sides[0].node == d.sides[1].node {
		d.progress.Note("both nodes have the id %s: it is one node under two addresses, or a copied data directory", d.sides[0].node)
	}
	if err := printDiff(p, d, f); err != nil {
		return err
	}
	if d.sum.total() > 0 {
		return term.Exit(term.CodeFailed, nil)
	}
	return nil
}
