package inspect

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/view"
)

// keysFlags are the flags of inspect keys.
type keysFlags struct {
	prefix              string
	base64              bool
	sort                string
	limit               int
	limited             bool
	expired, tombstones bool
}

func (c *command) keys() *cobra.Command {
	var own keysFlags
	cmd := &cobra.Command{
		Use:   "keys [DIR]",
		Short: "List the keys in a data directory",
		Long: `Keys lists the live keys with size, times and version: all of them in the order of their bytes, or,
with --sort, the first hundred (--limit) in another order. Times are in UTC. The version is the time of
the last change in milliseconds, a counter, and, if it is not that of the directory, the node.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			own.limited = cmd.Flags().Changed("limit")
			prefix, err := own.check()
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), args, func(ctx context.Context, in *inspector) error {
				return in.withView(ctx, prefix, func(v *view.View) error { return in.keys(ctx, v, &own) })
			})
		},
	}
	cmd.Flags().StringVar(&own.prefix, "prefix", "", "only keys that begin with `P`")
	cmd.Flags().BoolVar(&own.base64, "base64", false, "the prefix is given in base64")
	cmd.Flags().StringVar(&own.sort, "sort", "", "`order`: size (largest first), expiry (soonest first) or created (newest first)")
	cmd.Flags().IntVar(&own.limit, "limit", 0, "at most `N` keys (default all; 100 with --sort)")
	cmd.Flags().BoolVar(&own.expired, "expired", false, "list expired keys too, which no start and no sweep has removed yet")
	cmd.Flags().BoolVar(&own.tombstones, "tombstones", false, "list deleted keys too that are remembered as such")
	_ = cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions([]string{"size", "expiry", "created"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check returns the prefix, and fills in the limit.
func (f *keysFlags) check() (prefix []byte, err error) {
	if keyOrder(f.sort) == nil && f.sort != "" {
		return nil, term.Usage(fmt.Errorf("flag --sort %q: want size, expiry or created", f.sort))
	}
	if f.limited && f.limit < 1 {
		return nil, term.Usage(fmt.Errorf("flag --limit %d: want 1 or more", f.limit))
	}
	if !f.limited && f.sort != "" {
		f.limit = term.RowLimit
	}
	if f.prefix == "" {
		return nil, nil
	}
	return keyArgument(f.prefix, f.base64)
}

// keyArgument returns a key or prefix of the command line.
func keyArgument(arg string, inBase64 bool) ([]byte, error) {
	if arg == "" {
		return nil, term.Usage(errors.New("the key is empty"))
	}
	if !inBase64 {
		return []byte(arg), nil
	}
	key, err := base64.StdEncoding.DecodeString(arg)
	if err != nil {
		return nil, term.Usage(fmt.Errorf("%q is not base64: %w", arg, err))
	}
	return key, nil
}

// keyOrder returns the order of a name, nil if there is none.
func keyOrder(name string) func(a, b *entryMeta) int {
	var compare func(a, b *entryMeta) int
	switch name {
	case "size":
		compare = func(a, b *entryMeta) int { return cmp.Compare(b.size, a.size) }
	case "created":
		compare = func(a, b *entryMeta) int { return cmp.Compare(b.created, a.created) }
	case "expiry":
		// 0 is never: as an unsigned number, one less is the greatest of all.
		compare = func(a, b *entryMeta) int { return cmp.Compare(uint64(a.expires-1), uint64(b.expires-1)) }
	default:
		return nil
	}
	return func(a, b *entryMeta) int { return cmp.Or(compare(a, b), bytes.Compare(a.key, b.key)) }
}

// keys lists the entries that are wanted.
func (in *inspector) keys(ctx context.Context, v *view.View, f *keysFlags) error {
	show := in.keyPrinter(v.Info().NodeID)
	each := func(visit func(e *entryMeta) error) error {
		return entries(ctx, v, func(entry *engine.Entry) error {
			e := metaOf(entry)
			if s := e.state(in.now); s == stateExpired && !f.expired || s == stateTombstone && !f.tombstones {
				return nil
			}
			return visit(&e)
		})
	}
	if f.sort == "" {
		in.streaming()
		return in.keysInOrder(each, f.limit, show)
	}
	first := top[entryMeta]{most: f.limit, compare: keyOrder(f.sort)}
	err := each(func(e *entryMeta) error {
		if first.wants(e) {
			kept := *e
			kept.key = bytes.Clone(e.key)
			first.put(kept)
		}
		return nil
	})
	if err != nil {
		return err
	}
	in.bar.Clear()
	for _, e := range first.sorted() {
		if err := show.row(&e); err != nil {
			return err
		}
	}
	show.table.End()
	if first.total > int64(f.limit) {
		in.bar.Note("these are %s; more with --limit", term.OfAll(f.limit, first.total, "key"))
	}
	return nil
}

// keysInOrder lists entries as they come, at most limit of them unless that is 0.
func (in *inspector) keysInOrder(each func(func(e *entryMeta) error) error, limit int, show *keyPrinter) error {
	n := 0
	err := each(func(e *entryMeta) error {
		if n == limit && limit > 0 {
			return errEnough
		}
		n++
		return show.row(e)
	})
	show.table.End()
	if errors.Is(err, errEnough) {
		in.bar.Note("there are more keys; more with --limit")
		return nil
	}
	return err
}

// keyPrinter lists keys, for people or programs.
type keyPrinter struct {
	in    *inspector
	node  uint64
	table *term.Table // nil for programs
}

func (in *inspector) keyPrinter(node uint64) *keyPrinter {
	k := &keyPrinter{in: in, node: node}
	if !in.json {
		k.table = term.NewTable(in.out, ">SIZE", "CREATED", "EXPIRES", "STATE", "VERSION", "KEY")
	}
	return k
}

func (k *keyPrinter) row(e *entryMeta) error {
	if k.table == nil {
		return k.in.printJSON(asJSONEntry(e, k.in.now))
	}
	created, expires := "-", "never"
	if t := createdTime(e.created); !t.IsZero() {
		created = t.Format(term.SecondLayout)
	}
	if t := expiryTime(e.expires); !t.IsZero() {
		expires = t.Format(term.SecondLayout)
	}
	state := e.state(k.in.now)
	if state == stateLive && e.expires != 0 {
		state = term.Span(until(k.in.now.UnixMilli(), e.expires)) + " left"
	}
	size := term.Bytes(int64(e.size))
	if e.tombstone {
		size, expires = "-", "-"
	}
	k.table.Row(size, created, expires, state, shownVersion(e.version, k.node), term.Key(e.key))
	return nil
}
