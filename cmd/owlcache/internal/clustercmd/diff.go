package clustercmd

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
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

// diffRow is the differences of the keys with a prefix.
type diffRow struct {
	prefix string // empty for keys without a delimiter
	*diffCount
}

// rows returns the prefixes with the most differences first.
func (d *differ) rows() []diffRow {
	rows := make([]diffRow, 0, len(d.counts))
	for prefix, count := range d.counts {
		rows = append(rows, diffRow{prefix, count})
	}
	slices.SortFunc(rows, func(a, b diffRow) int {
		return cmp.Or(cmp.Compare(b.total(), a.total()), cmp.Compare(a.prefix, b.prefix))
	})
	return rows
}

// printDiff prints what was found.
func printDiff(p *term.Process, d *differ, f *diffFlags) error {
	rows := d.rows()
	shown := rows[:min(len(rows), f.prefixes.Limit)]
	if f.client.Out.JSON() {
		return p.PrintJSON(d.json(shown))
	}
	b := bufio.NewWriter(p.Stdout) // it keeps its errors until Flush
	for i, name := range []string{"A", "B"} {
		side := &d.sides[i]
		_, _ = fmt.Fprintf(b, "%s  %s  node %s  %s\n", name, term.Text(side.Host()), term.Text(side.node), term.Count(side.entries, "entry"))
	}
	if d.sum.total() == 0 {
		_, _ = fmt.Fprintln(b, "both hold the same")
		return b.Flush()
	}
	_, _ = fmt.Fprintln(b)
	d.table(b, shown)
	if err := b.Flush(); err != nil {
		return err
	}
	if len(shown) < len(rows) {
		d.progress.Note("these are %s; more with --limit", term.OfAll(len(shown), int64(len(rows)), "prefix"))
	}
	return nil
}

func (d *differ) table(b *bufio.Writer, rows []diffRow) {
	t := term.NewTable(b, ">ONLY ON A", ">ONLY ON B", ">NEWER ON A", ">NEWER ON B", ">DELETIONS", "PREFIX")
	row := func(c *diffCount, prefix string) {
		t.Row(humanize.Comma(c.only[0]), humanize.Comma(c.only[1]), humanize.Comma(c.newer[0]), humanize.Comma(c.newer[1]), humanize.Comma(c.deletions), prefix)
	}
	for _, r := range rows {
		prefix := "(none)"
		if r.prefix != "" {
			prefix = term.Key([]byte(r.prefix))
		}
		row(r.diffCount, prefix)
	}
	if d.others.total() > 0 {
		row(&d.others, fmt.Sprintf("(beyond %s prefixes)", humanize.Comma(diffPrefixes)))
	}
	row(&d.sum, "all")
	t.End()
}

// diffCountJSON is a diffCount for programs.
type diffCountJSON struct {
	OnlyA     int64 `json:"only_a"`
	OnlyB     int64 `json:"only_b"`
	NewerA    int64 `json:"newer_a"`
	NewerB    int64 `json:"newer_b"`
	Deletions int64 `json:"deletions"`
}

func (c *diffCount) json() diffCountJSON {
	return diffCountJSON{c.only[0], c.only[1], c.newer[0], c.newer[1], c.deletions}
}

type diffRowJSON struct {
	Prefix       *string `json:"prefix,omitempty"`
	PrefixBase64 []byte  `json:"prefix_base64,omitempty"`
	diffCountJSON
}

type diffSideJSON struct {
	Address string `json:"address"`
	Node    string `json:"node"`
	Entries int64  `json:"entries"`
}

// diffJSON is the output for programs.
type diffJSON struct {
	A     diffSideJSON `json:"a"`
	B     diffSideJSON `json:"b"`
	Equal bool         `json:"equal"`
	diffCountJSON
	PrefixesTotal int           `json:"prefixes_total"`
	Prefixes      []diffRowJSON `json:"prefixes"`
}

func (d *differ) json(rows []diffRow) diffJSON {
	side := func(s *diffSide) diffSideJSON { return diffSideJSON{s.Host(), s.node, s.entries} }
	j := diffJSON{
		A: side(&d.sides[0]), B: side(&d.sides[1]), Equal: d.sum.total() == 0, diffCountJSON: d.sum.json(),
		PrefixesTotal: len(d.counts), Prefixes: []diffRowJSON{},
	}
	for _, r := range rows {
		text, encoded := term.TextOrBase64([]byte(r.prefix))
		j.Prefixes = append(j.Prefixes, diffRowJSON{text, encoded, r.json()})
	}
	return j
}
