package inspect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/keys"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/view"
)

// prefixesFlags are the flags of inspect prefixes.
type prefixesFlags struct {
	delimiter string
	depth     int
	sort      string
	limit     int
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
	cmd.Flags().StringVar(&own.delimiter, "delimiter", ":", "what ends a prefix")
	cmd.Flags().IntVar(&own.depth, "depth", 1, "prefixes end with the `N`th delimiter")
	cmd.Flags().StringVar(&own.sort, "sort", "bytes", "`order`: bytes or keys (most first), or prefix")
	cmd.Flags().IntVar(&own.limit, "limit", term.RowLimit, "at most `N` prefixes")
	_ = cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions([]string{"bytes", "keys", "prefix"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *prefixesFlags) check() error {
	switch {
	case f.delimiter == "":
		return term.Usage(errors.New("flag --delimiter: it is empty"))
	case f.depth < 1:
		return term.Usage(fmt.Errorf("flag --depth %d: want 1 or more", f.depth))
	case f.limit < 1:
		return term.Usage(fmt.Errorf("flag --limit %d: want 1 or more", f.limit))
	case prefixOrder(f.sort) == nil:
		return term.Usage(fmt.Errorf("flag --sort %q: want bytes, keys or prefix", f.sort))
	}
	return nil
}

// prefixOrder returns the order of a name, nil if there is none.
func prefixOrder(name string) func(a, b *keys.Count) bool {
	by := func(compare func(a, b *keys.Count) int) func(a, b *keys.Count) bool {
		return func(a, b *keys.Count) bool {
			return cmp.Or(compare(a, b), bytes.Compare(a.Prefix, b.Prefix)) < 0
		}
	}
	switch name {
	case "bytes":
		return by(func(a, b *keys.Count) int { return cmp.Compare(b.Bytes, a.Bytes) })
	case "keys":
		return by(func(a, b *keys.Count) int { return cmp.Compare(b.Keys, a.Keys) })
	case "prefix":
		return by(func(_, _ *keys.Count) int { return 0 })
	}
	return nil
}

// prefixes counts and shows.
func (in *inspector) prefixes(ctx context.Context, v *view.View, f *prefixesFlags) error {
	first := top[keys.Count]{most: f.limit, before: prefixOrder(f.sort)}
	sum := keys.Count{}
	groups := keys.NewGroups(keys.Rule{Delimiter: []byte(f.delimiter), Depth: f.depth}, func(c *keys.Count) {
		sum.Keys += c.Keys
		sum.Bytes += c.Bytes
		if first.wants(c) {
			first.put(*c)
		}
	})
	now := in.now.UnixMilli()
	err := entries(ctx, v, func(e *engine.Entry) error {
		if e.Live(now) {
			groups.Add(e.Key, int64(len(e.Key)+len(e.Value)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	groups.End()
	in.bar.Clear()
	if err := in.printPrefixes(first.sorted(), &sum); err != nil {
		return err
	}
	if first.total > int64(f.limit) {
		in.bar.Note("these are %s; more with --limit", term.OfAll(f.limit, first.total, "prefix"))
	}
	return nil
}

func (in *inspector) printPrefixes(list []keys.Count, sum *keys.Count) error {
	if in.json {
		for _, c := range list {
			j := keys.AsJSON(c.Prefix)
			err := in.printJSON(struct {
				Prefix       *string `json:"prefix,omitempty"`
				PrefixBase64 []byte  `json:"prefix_base64,omitempty"`
				Keys         int64   `json:"keys"`
				Bytes        int64   `json:"bytes"`
			}{j.Key, j.KeyBase64, c.Keys, c.Bytes})
			if err != nil {
				return err
			}
		}
		return nil
	}
	t := term.NewTable(in.out, term.Column{Title: "KEYS", Right: true}, term.Column{Title: "BYTES", Right: true}, term.Column{Title: "SHARE", Right: true}, term.Column{Title: "PREFIX"})
	for _, c := range list {
		prefix := "(none)"
		if len(c.Prefix) > 0 {
			prefix = term.Key(c.Prefix)
		}
		t.Row(humanize.Comma(c.Keys), term.Bytes(c.Bytes), percent(c.Bytes, sum.Bytes), prefix)
	}
	t.Row(humanize.Comma(sum.Keys), term.Bytes(sum.Bytes), percent(sum.Bytes, sum.Bytes), "all")
	t.End()
	return nil
}

func percent(part, all int64) string {
	if all == 0 {
		return "-"
	}
	return strconv.FormatFloat(100*float64(part)/float64(all), 'f', 1, 64) + "%"
}
