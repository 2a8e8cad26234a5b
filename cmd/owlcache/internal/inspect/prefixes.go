package inspect

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/view"
)

// prefixesFlags are the flags of inspect prefixes.
type prefixesFlags struct {
	term.Prefixes
	sort string
}

func (c *command) prefixes() *cobra.Command {
	var own prefixesFlags
	cmd := &cobra.Command{
		Use:   "prefixes [DIR]",
		Short: "Count keys and bytes by prefix in a data directory",
		Long: `Prefixes counts the live keys, and the bytes of them and their values, by what stands before the first
delimiter of a key, or, with --depth, before a later one. A key with fewer delimiters counts for the last
that it has; keys with none are counted together.`,
		Example: "  owlcache inspect prefixes /var/lib/owlcache\n  owlcache inspect prefixes --delimiter / --depth 2 --sort keys --limit 20",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := own.check(); err != nil {
				return err
			}
			return c.run(cmd.Context(), args, func(ctx context.Context, in *inspector) error {
				return in.withView(ctx, nil, func(v *view.View) error { return in.prefixes(ctx, v, &own) })
			})
		},
	}
	own.Register(cmd.Flags(), "at most `N` prefixes")
	cmd.Flags().StringVar(&own.sort, "sort", "bytes", "`order`: bytes or keys (most first), or prefix")
	_ = cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions([]string{"bytes", "keys", "prefix"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *prefixesFlags) check() error {
	if err := f.Check(); err != nil {
		return err
	}
	if prefixOrder(f.sort) == nil {
		return term.Usage(fmt.Errorf("flag --sort %q: want bytes, keys or prefix", f.sort))
	}
	return nil
}

// prefixOrder returns the order of a name, nil if there is none.
func prefixOrder(name string) func(a, b *prefixCount) int {
	prefix := func(a, b *prefixCount) int { return bytes.Compare(a.prefix, b.prefix) }
	switch name {
	case "bytes":
		return func(a, b *prefixCount) int { return cmp.Or(cmp.Compare(b.bytes, a.bytes), prefix(a, b)) }
	case "keys":
		return func(a, b *prefixCount) int { return cmp.Or(cmp.Compare(b.keys, a.keys), prefix(a, b)) }
	case "prefix":
		return prefix
	}
	return nil
}

// prefixes counts and shows.
func (in *inspector) prefixes(ctx context.Context, v *view.View, f *prefixesFlags) error {
	first := top[prefixCount]{most: f.Limit, compare: prefixOrder(f.sort)}
	sum := prefixCount{}
	groups := newPrefixGroups(&f.Prefixes, func(c *prefixCount) {
		sum.keys += c.keys
		sum.bytes += c.bytes
		if first.wants(c) {
			first.put(*c)
		}
	})
	now := in.now.UnixMilli()
	err := entries(ctx, v, func(e *engine.Entry) error {
		if e.Live(now) {
			groups.add(e.Key, int64(len(e.Key)+len(e.Value)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	groups.end()
	in.bar.Clear()
	if err := in.printPrefixes(first.sorted(), &sum); err != nil {
		return err
	}
	if first.total > int64(f.Limit) {
		in.bar.Note("these are %s; more with --limit", term.OfAll(f.Limit, first.total, "prefix"))
	}
	return nil
}

func (in *inspector) printPrefixes(list []prefixCount, sum *prefixCount) error {
	if in.json {
		for _, c := range list {
			text, encoded := term.TextOrBase64(c.prefix)
			err := in.printJSON(struct {
				Prefix       *string `json:"prefix,omitempty"`
				PrefixBase64 []byte  `json:"prefix_base64,omitempty"`
				Keys         int64   `json:"keys"`
				Bytes        int64   `json:"bytes"`
			}{text, encoded, c.keys, c.bytes})
			if err != nil {
				return err
			}
		}
		return nil
	}
	t := term.NewTable(in.out, ">KEYS", ">BYTES", ">SHARE", "PREFIX")
	for _, c := range list {
		prefix := "(none)"
		if len(c.prefix) > 0 {
			prefix = term.Key(c.prefix)
		}
		t.Row(humanize.Comma(c.keys), term.Bytes(c.bytes), percent(c.bytes, sum.bytes), prefix)
	}
	t.Row(humanize.Comma(sum.keys), term.Bytes(sum.bytes), percent(sum.bytes, sum.bytes), "all")
	t.End()
	return nil
}

func percent(part, all int64) string {
	if all == 0 {
		return "-"
	}
	return strconv.FormatFloat(100*float64(part)/float64(all), 'f', 1, 64) + "%"
}

// prefixCount counts the keys with a prefix.
type prefixCount struct {
	prefix []byte // empty for keys without a delimiter
	keys   int64
	bytes  int64
}

// prefixGroups counts keys, which come in order, by their prefix up to a delimiter.
// It holds one count for each delimiter of a key, however many keys there are.
type prefixGroups struct {
	flags *term.Prefixes
	done  func(*prefixCount) // takes each count when it is final
	open  []prefixCount      // each one's prefix begins with that of the one before
}

func newPrefixGroups(flags *term.Prefixes, done func(*prefixCount)) *prefixGroups {
	return &prefixGroups{flags: flags, done: done, open: make([]prefixCount, 1)}
}

// add counts a key. It must not be before the last one.
func (g *prefixGroups) add(key []byte, size int64) {
	// All keys with a prefix stand together, those of a longer one among them.
	for n := len(g.open) - 1; n > 0 && !bytes.HasPrefix(key, g.open[n].prefix); n-- {
		g.close()
	}
	prefix := g.flags.Of(key)
	if last := g.open[len(g.open)-1].prefix; len(prefix) > len(last) {
		g.open = append(g.open, prefixCount{prefix: bytes.Clone(prefix)})
	}
	c := &g.open[len(g.open)-1]
	c.keys++
	c.bytes += size
}

// close ends the last of the open counts.
func (g *prefixGroups) close() {
	last := g.open[len(g.open)-1]
	g.open = g.open[:len(g.open)-1]
	if last.keys > 0 {
		g.done(&last)
	}
}

// end ends all counts.
func (g *prefixGroups) end() {
	for len(g.open) > 0 {
		g.close()
	}
}
