package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/view"
)

// logFlags are the flags of inspect log.
type logFlags struct {
	segment, from uint64
	key           string
	base64        bool
	limit         int
	follow        bool

	wanted []byte // the key, nil for all
	chosen struct{ segment, from, limit bool }
}

// followBack is how many records --follow begins with.
const followBack = 10

func (c *command) log() *cobra.Command {
	var own logFlags
	cmd := &cobra.Command{
		Use:   "log [DIR]",
		Short: "List the operations in the log of a data directory",
		Long: `Log lists the operations that are still in the log: the number of the record (operations of one commit
share it), segment and offset, the time of the operation (UTC, with milliseconds, behind a + the counter of its
version), the node that wrote it, and when the entry expires, counted from that time on.
With --follow it begins with the last ten records, or with that of --from, and goes on with what a
running node writes until it is interrupted.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set := cmd.Flags()
			own.chosen.segment, own.chosen.from, own.chosen.limit = set.Changed("segment"), set.Changed("from"), set.Changed("limit")
			if err := own.check(set.Changed("key")); err != nil {
				return err
			}
			return c.run(cmd.Context(), args, func(ctx context.Context, in *inspector) error {
				if own.follow {
					return in.followLog(ctx, &own)
				}
				return in.withView(ctx, nil, func(v *view.View) error { return in.log(ctx, v, &own) })
			})
		},
	}
	cmd.Flags().Uint64Var(&own.segment, "segment", 0, "only segment `N`, as in the name of its file")
	cmd.Flags().Uint64Var(&own.from, "from", 0, "begin with record `LSN`")
	cmd.Flags().StringVar(&own.key, "key", "", "only operations on the key `K`")
	cmd.Flags().BoolVar(&own.base64, "base64", false, "the key is given in base64")
	cmd.Flags().IntVar(&own.limit, "limit", 0, "at most `N` operations (default all)")
	cmd.Flags().BoolVar(&own.follow, "follow", false, "go on with what a running node writes, until interrupted")
	return cmd
}

func (f *logFlags) check(hasKey bool) (err error) {
	switch {
	case f.chosen.segment && f.follow:
		return term.Usage(errors.New("--segment and --follow: choose one"))
	case f.chosen.segment && f.segment == 0:
		return term.Usage(errors.New("flag --segment 0: the first segment is 1"))
	case f.chosen.limit && f.limit < 1:
		return term.Usage(fmt.Errorf("flag --limit %d: want 1 or more", f.limit))
	case f.base64 && !hasKey:
		return term.Usage(errors.New("--base64 goes with --key"))
	case hasKey:
		f.wanted, err = keyArgument(f.key, f.base64)
	}
	return err
}

// log lists what is in the log.
func (in *inspector) log(ctx context.Context, v *view.View, f *logFlags) error {
	in.streaming()
	from, last, err := logRange(v.Info().Log.Segments, f)
	if err != nil {
		return err
	}
	show := in.opPrinter(v.Info().NodeID, false)
	n := 0
	err = in.walkLog(ctx, v, from, func(op *view.Op) error {
		switch {
		case op.LSN > last:
			return errEnough
		case f.wanted != nil && !bytes.Equal(op.Key, f.wanted):
			return nil
		case f.chosen.limit && n == f.limit:
			in.bar.Note("there are more operations; more with --limit")
			return errEnough
		}
		n++
		return show.op(op)
	}, func(d *localdir.Place) error {
		if f.chosen.segment && segmentNumber(d.File) != f.segment {
			return nil
		}
		return show.damaged(d)
	})
	show.table.End()
	if errors.Is(err, errEnough) {
		err = nil
	}
	return err
}

// logRange returns the records to read, if a segment is chosen, those that it can have.
func logRange(segments []view.Segment, f *logFlags) (from, last uint64, err error) {
	if !f.chosen.segment {
		return f.from, math.MaxUint64, nil
	}
	for i, s := range segments {
		if s.Seq != f.segment {
			continue
		}
		last = math.MaxUint64
		if i+1 < len(segments) && segments[i+1].FirstLSN > 0 {
			last = segments[i+1].FirstLSN - 1
		}
		return max(f.from, s.FirstLSN), last, nil
	}
	there := "there is none"
	if n := len(segments); n > 0 {
		there = "there are " + strconv.FormatUint(segments[0].Seq, 10) + " to " + strconv.FormatUint(segments[n-1].Seq, 10)
	}
	return 0, 0, fmt.Errorf("there is no log segment %d: %s", f.segment, there)
}

// followLog lists operations as they are written, until ctx ends.
func (in *inspector) followLog(ctx context.Context, f *logFlags) error {
	in.bar.Hide() // it would stay when nothing is written any more
	var info view.Info
	err := in.withView(ctx, nil, func(v *view.View) error {
		info = v.Info()
		return nil
	})
	if err != nil {
		return err
	}
	behind := info.Log.LastLSN - min(info.Log.LastLSN, followBack)
	if f.chosen.from {
		behind = f.from - min(f.from, 1)
	}
	if info.Holder == "" {
		in.bar.Note("no node runs on the directory: waiting for one")
	}
	show := in.opPrinter(info.NodeID, false)
	show.widths()
	n := 0
	err = errors.Join(in.out.Flush(), view.Follow(ctx, in.dir, behind, func(op *view.Op) error {
		if f.wanted != nil && !bytes.Equal(op.Key, f.wanted) {
			return nil
		}
		if err := errors.Join(show.op(op), in.out.Flush()); err != nil {
			return err
		}
		if n++; f.chosen.limit && n == f.limit {
			return errEnough
		}
		return nil
	}, func(first, last uint64) {
		in.bar.Note("records %d to %d were folded into the snapshot before they could be read", first, last)
	}))
	if errors.Is(err, errEnough) || term.Interrupted(ctx, err) {
		return nil
	}
	return err
}
