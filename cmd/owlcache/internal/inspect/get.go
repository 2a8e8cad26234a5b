package inspect

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/view"
)

// getFlags are the flags of inspect get.
type getFlags struct {
	raw, history, base64 bool
}

func (c *command) get() *cobra.Command {
	var own getFlags
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Show what a data directory holds of a key",
		Long: `Get shows what is known of a key, its value escaped and shortened. With --raw it writes the value, byte for
byte. With --history it lists every version that is still in the log and in the snapshot, oldest first.
The directory is that of --dir, or of the configuration. Exit code 3 means that the key is not there:
unknown, deleted or expired.`,
		Example: "  owlcache inspect get user:1 --dir /var/lib/owlcache\n  owlcache inspect get image:7 --raw > image\n  owlcache inspect get --base64 3q2+7w==",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keyArgument(args[0], own.base64)
			if err == nil {
				err = own.check(c.Stdout, c.flags.Out.JSON())
			}
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), nil, func(ctx context.Context, in *inspector) error {
				return in.withView(ctx, key, func(v *view.View) error { return in.get(ctx, v, key, &own) })
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&own.raw, "raw", false, "write the value, byte for byte; not to a terminal")
	cmd.Flags().BoolVar(&own.history, "history", false, "list all versions that are still there")
	cmd.Flags().BoolVar(&own.base64, "base64", false, "KEY is given in base64")
	return cmd
}

func (f *getFlags) check(stdout io.Writer, json bool) error {
	switch {
	case f.raw && f.history:
		return term.Usage(errors.New("--raw and --history: choose one"))
	case f.raw && json:
		return term.Usage(errors.New("--raw and -o json: choose one"))
	case f.raw && term.IsTerminal(stdout):
		return term.Usage(errors.New("--raw does not write to a terminal: redirect it to a file"))
	}
	return nil
}

// get shows a key. The View is limited to keys that begin with it.
func (in *inspector) get(ctx context.Context, v *view.View, key []byte, f *getFlags) error {
	e, err := firstEntry(key, func(visit func(*engine.Entry) error) error { return v.Entries(ctx, nil, visit) })
	if err != nil {
		return err
	}
	state := ""
	if e != nil {
		m := metaOf(e)
		state = m.state(in.now)
	}
	switch {
	case f.history:
		err = in.history(ctx, v, key)
	case f.raw && state == stateLive:
		_, err = in.out.Write(e.Value)
	case f.raw:
	case e != nil && in.json:
		var value jsonValue
		if !e.Tombstone {
			value = asJSONValue(e.Value)
		}
		err = in.printJSON(struct {
			jsonEntry
			jsonValue
		}{asJSONEntry(new(metaOf(e)), in.now), value})
	case e != nil:
		in.printEntry(e, v.Info().NodeID)
	}
	if err != nil || state == stateLive {
		return err
	}
	return in.missing(ctx, v, key, state, f.history)
}

// firstEntry returns a copy of the entry of key, nil if there is none. each visits the
// entries from key on.
func firstEntry(key []byte, each func(func(*engine.Entry) error) error) (found *engine.Entry, err error) {
	err = each(func(e *engine.Entry) error {
		if bytes.Equal(e.Key, key) {
			found = new(*e)
			found.Key, found.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// missing returns the error that says why a key is not there.
func (in *inspector) missing(ctx context.Context, v *view.View, key []byte, state string, history bool) error {
	switch state {
	case stateExpired:
		return in.notThere(key, "has expired")
	case stateTombstone:
		return in.notThere(key, "has been deleted")
	}
	var last uint64
	err := in.walkLog(ctx, v, 0, func(op *view.Op) error {
		if bytes.Equal(op.Key, key) {
			last = op.LSN
		}
		return nil
	}, nil)
	if err == nil && in.json && !history {
		missing := jsonMissing{term.AsJSON(key), "absent", last}
		if last > 0 {
			missing.State = "deleted"
		}
		err = in.printJSON(missing)
	}
	switch {
	case err != nil:
		return err
	case in.damage.Total > 0:
		return in.notThere(key, "is not in what can be read")
	case last > 0:
		return in.notThere(key, fmt.Sprintf("has been deleted, by record %d of the log", last))
	}
	return in.notThere(key, "is not in the data directory")
}

// jsonMissing is what is known of a key that has no entry.
type jsonMissing struct {
	term.KeyJSON
	State string `json:"state"`         // deleted or absent
	LSN   uint64 `json:"lsn,omitempty"` // of the record that deleted it
}

func (in *inspector) notThere(key []byte, why string) error {
	return term.Exit(term.CodeNotFound, fmt.Errorf("key %s %s", term.Key(key), why))
}

// Bounds of a value on a screen, in bytes.
const (
	valueTextShown = 400
	valueHexShown  = 128
)

// printEntry shows an entry to a person.
func (in *inspector) printEntry(e *engine.Entry, node uint64) {
	m := metaOf(e)
	in.line("key      %s (%s)", term.Key(e.Key), term.Count(int64(len(e.Key)), "byte"))
	in.line("state    %s", m.state(in.now))
	in.line("version  %s (%s UTC, by %s)", e.Version, versionTime(e.Version).Format(milliLayout), writer(e.Version.Node, node))
	if e.Tombstone {
		return
	}
	expires := "never"
	if t := expiryTime(e.Expires); !t.IsZero() {
		expires = term.Moment(t, in.now)
	}
	in.line("created  %s", term.Moment(createdTime(e.Created), in.now))
	in.line("expires  %s", expires)
	in.line("size     %s", term.Count(int64(len(e.Value)), "byte"))
	if isText(e.Value) {
		in.line("value    %s%s", shownValue(e.Value, valueTextShown), cutNote(len(e.Value), valueTextShown))
		return
	}
	in.line("value    %s", strings.TrimPrefix(cutNote(len(e.Value), valueHexShown), " "))
	for row := range strings.Lines(hex.Dump(e.Value[:min(len(e.Value), valueHexShown)])) {
		in.line("  %s", strings.TrimRight(row, "\n"))
	}
}

// cutNote says that a value is shown in part.
func cutNote(all, shown int) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf(" (the first %d of %s bytes; all with --raw)", shown, humanize.Comma(int64(all)))
}

// history lists every version of a key that is still there, oldest first: the log's
// as far as the snapshot covers them, the snapshot's, the rest of the log.
func (in *inspector) history(ctx context.Context, v *view.View, key []byte) error {
	snapshot, err := firstEntry(key, func(visit func(*engine.Entry) error) error { return v.Snapshot(ctx, nil, visit) })
	if err != nil {
		return err
	}
	show := in.opPrinter(v.Info().NodeID, true)
	covered := v.Info().Snapshot.LSN
	shown := snapshot == nil
	showSnapshot := func() error {
		if shown {
			return nil
		}
		shown = true
		return show.snapshot(snapshot, covered)
	}
	err = in.walkLog(ctx, v, 0, func(op *view.Op) error {
		if !bytes.Equal(op.Key, key) {
			return nil
		}
		if op.LSN > covered {
			if err := showSnapshot(); err != nil {
				return err
			}
		}
		return show.op(op)
	}, nil)
	if err == nil {
		err = showSnapshot()
	}
	show.table.End()
	return err
}
