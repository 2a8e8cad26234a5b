package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/view"
)

// Bounds of lists on the screen.
const (
	segmentsShown = 8
	membersShown  = 4
)

// printOverview shows the overview to a person.
func (in *inspector) printOverview(o *overview) {
	in.line("directory  %s", term.Text(o.info.Path))
	in.printIdentity(o)
	in.printSizes(o)
	if !o.legacy {
		in.printData(o)
		in.printLog(&o.info.Log, slices.ContainsFunc(o.damage, func(d localdir.Place) bool { return d.InLog() }))
		in.printRestart(o)
	}
	for _, g := range o.groups.all() {
		in.line("%-10s %s", g.label, shownGroup(g))
	}
	list := o.warnings()
	if len(list) == 0 {
		in.line("warnings   none")
		return
	}
	in.line("")
	in.line("warnings")
	for _, w := range list {
		in.line("  %s", &w)
	}
}

func (in *inspector) printIdentity(o *overview) {
	i := &o.info
	switch {
	case o.legacy:
		in.line("format     0.5.1; the first start of this version takes it over")
	case i.NodeID == 0:
		in.line("format     unknown")
		in.line("node       unknown")
	default:
		in.line("format     %d", i.Format)
		in.line("node       %016x, made %s", i.NodeID, term.Moment(i.Created, o.now))
	}
	if i.Holder == "" {
		in.line("server     not running")
	} else {
		in.line("server     running: %s", term.Text(i.Holder))
	}
}

func (in *inspector) printSizes(o *overview) {
	s, l := &o.info.Snapshot, &o.info.Log
	if o.legacy {
		in.line("size       %s", term.Bytes(o.files.total))
		return
	}
	in.line("size       %s: snapshot %s, log %s, other %s", term.Bytes(o.files.total), term.Bytes(s.FileBytes), term.Bytes(l.FileBytes),
		term.Bytes(o.files.total-s.FileBytes-l.FileBytes))
}

func (in *inspector) printData(o *overview) {
	k, b, s := &o.keys, &o.bytes, &o.info.Snapshot
	in.line("keys       %s live (%s with an expiry), %s expired, %s", humanize.Comma(k.Live), humanize.Comma(k.Expiring), humanize.Comma(k.Expired), term.Count(k.Tombstones, "tombstone"))
	in.line("bytes      keys %s, values %s; expired %s, tombstones %s", term.Bytes(b.Keys), term.Bytes(b.Values), term.Bytes(b.Expired), term.Bytes(b.Tombstones))
	if !s.Present {
		in.line("snapshot   none")
		return
	}
	in.line("snapshot   up to record %d, %s, saved %s", s.LSN, term.Count(s.Keys, "entry"), term.Moment(s.Saved, o.now))
	in.line("           %s, of which %s can be reclaimed; written by %s", term.Bytes(s.FileBytes), term.Bytes(s.FreeBytes), writer(s.Writer, o.info.NodeID))
}

func writer(id, own uint64) string {
	if id == own {
		return "this node"
	}
	return fmt.Sprintf("node %016x", id)
}

// printLog lists the segments; of many the first and the last. Where the log is damaged,
// its end has not been read.
func (in *inspector) printLog(l *view.LogInfo, unread bool) {
	if len(l.Segments) == 0 {
		if unread {
			in.line("log        unreadable")
			return
		}
		in.line("log        none")
		return
	}
	in.line("log        %s in %s, %s", shownRecords(l), term.Count(int64(len(l.Segments)), "segment"), term.Bytes(l.FileBytes))
	t := term.NewTable(in.out, ">SEGMENT", ">FIRST", ">LAST", ">RECORDS", ">SIZE", "CREATED", "STATE")
	t.Indent = "           "
	for i := range l.Segments {
		if cut := len(l.Segments) - segmentsShown; cut > 1 && i >= segmentsShown/2 && i < segmentsShown/2+cut {
			if i == segmentsShown/2 {
				t.Row("…", "", "", "", "", "", fmt.Sprintf("%d more", cut))
			}
			continue
		}
		cells := segmentCells(&l.Segments[i])
		if unread && i == len(l.Segments)-1 {
			cells[1], cells[2], cells[3] = strconv.FormatUint(l.Segments[i].FirstLSN, 10), "?", "?"
		}
		t.Row(cells...)
	}
	t.End()
}

func shownRecords(l *view.LogInfo) string {
	if l.LastLSN < l.FirstLSN {
		return fmt.Sprintf("no records (the next is %d)", l.LastLSN+1)
	}
	return fmt.Sprintf("records %d to %d", l.FirstLSN, l.LastLSN)
}

func segmentCells(s *view.Segment) []string {
	first, last, created, state := "-", "-", "-", "open"
	if s.Records() > 0 {
		first, last = strconv.FormatUint(s.FirstLSN, 10), strconv.FormatUint(s.LastLSN, 10)
	}
	if !s.Created.IsZero() {
		created = s.Created.UTC().Format(term.SecondLayout)
	}
	if s.Sealed {
		state = "sealed"
	}
	return []string{strconv.FormatUint(s.Seq, 10), first, last, humanize.Comma(s.Records()), term.Bytes(s.Bytes), created, state}
}

func (in *inspector) printRestart(o *overview) {
	if o.refused {
		in.line("restart    would be refused: something is damaged, see below")
		return
	}
	s, l := &o.info.Snapshot, &o.info.Log
	in.line("restart    loads %s, replays %s (%s, %s) %s", term.Count(s.Keys, "entry"), term.Count(l.Records, "record"), term.Count(l.Operations, "operation"),
		term.Bytes(l.Bytes), shownEstimate(restartTime(s, l)))
}

// shownGroup renders a group on one line.
func shownGroup(g *groupList) string {
	switch {
	case g.Problem != "":
		return g.File + " is damaged"
	case len(g.Members) == 0:
		return "none"
	}
	var names []string
	for i, m := range g.Members {
		if i == membersShown {
			names = append(names, "…")
			break
		}
		names = append(names, term.Text(m.Address))
	}
	return term.Count(int64(len(g.Members)), "member") + ": " + strings.Join(names, ", ")
}
