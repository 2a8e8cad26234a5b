package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/view"
)

// overview is what one screen says of a data directory.
type overview struct {
	now    time.Time
	legacy bool // data of a 0.5.1 node, which is not looked into
	info   view.Info
	keys   keyCounts
	bytes  byteCounts
	newest uint64 // time of the greatest version
	files  dirFiles
	groups groupLists
	noNode bool // node.json is missing

	damage      []localdir.Place
	damageTotal int
	refused     bool // a start would be refused for it
}

// keyCounts counts entries.
type keyCounts struct {
	Live       int64 `json:"live"`
	Expiring   int64 `json:"expiring"` // of the live ones
	Expired    int64 `json:"expired"`
	Tombstones int64 `json:"tombstones"`
}

// byteCounts counts the bytes of entries: of the live ones, keys and values.
type byteCounts struct {
	Keys       int64 `json:"keys"`
	Values     int64 `json:"values"`
	Expired    int64 `json:"expired"`
	Tombstones int64 `json:"tombstones"`
}

// count counts an entry as it is at a time in Unix milliseconds.
func (o *overview) count(e *engine.Entry, at int64) {
	size := int64(len(e.Key) + len(e.Value))
	switch {
	case e.Tombstone:
		o.keys.Tombstones++
		o.bytes.Tombstones += size
	case !e.Live(at):
		o.keys.Expired++
		o.bytes.Expired += size
	default:
		o.keys.Live++
		o.bytes.Keys += int64(len(e.Key))
		o.bytes.Values += int64(len(e.Value))
		if e.Expires != 0 {
			o.keys.Expiring++
		}
	}
	o.newest = max(o.newest, e.Version.Time)
}

// overview shows the directory on one screen.
func (in *inspector) overview(ctx context.Context) error {
	o := overview{now: in.now}
	err := in.withView(ctx, nil, func(v *view.View) error {
		o.info = v.Info()
		at := in.now.UnixMilli()
		return entries(ctx, v, func(e *engine.Entry) error {
			o.count(e, at)
			return nil
		})
	})
	if o.legacy = errors.Is(err, engine.ErrLegacy); o.legacy {
		err = nil
	}
	if err != nil {
		return err
	}
	if err := in.around(&o); err != nil {
		return err
	}
	in.bar.Clear()
	o.damage, o.damageTotal = in.damage.Places[:min(len(in.damage.Places), localdir.Shown)], in.damage.Total
	o.refused = slices.ContainsFunc(in.damage.Places, func(d localdir.Place) bool { return d.OfData() })
	if in.json {
		return in.printJSON(o.json())
	}
	in.printOverview(&o)
	return nil
}

// around looks at what lies beside the data.
func (in *inspector) around(o *overview) (err error) {
	source, holder, err := datadir.Look(in.dir)
	if err != nil {
		return err
	}
	if o.legacy {
		o.info.Path, o.info.Holder = source.Path(), holder
	}
	if _, _, err := source.Identity(); errors.Is(err, fs.ErrNotExist) {
		o.noNode = true
	} else if err != nil {
		in.damage.Put(localdir.Place{File: datadir.NodeFile, Offset: -1, Problem: err.Error()})
	}
	if o.files, err = listFiles(source.Path()); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	o.groups = readGroups(in.dir)
	in.damagedGroups(&o.groups)
	return nil
}

// What a start does in a second, measured on two cores of a small virtual machine with
// the files in memory. They only serve to say "about".
const (
	loadKeys    = 2e6   // of the snapshot
	loadBytes   = 2.5e9 // of their keys and values
	replayOps   = 3e6   // of the log
	replayBytes = 1.5e9
)

// restartTime estimates how long a restart takes to recover.
func restartTime(s *view.SnapshotInfo, l *view.LogInfo) time.Duration {
	seconds := float64(s.Keys)/loadKeys + float64(s.Bytes)/loadBytes + float64(l.Operations)/replayOps + float64(l.Bytes)/replayBytes
	return time.Duration(seconds * float64(time.Second))
}

// shownEstimate renders an estimate, with no more digits than it deserves.
func shownEstimate(d time.Duration) string {
	switch {
	case d < 50*time.Millisecond:
		return "in less than 0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("in about %.1f s", d.Seconds())
	}
	return "in about " + term.Span(d)
}

// jsonOverview is the overview for programs. What is not known is left out.
type jsonOverview struct {
	Directory string    `json:"directory"`
	Time      time.Time `json:"time"`
	Legacy    bool      `json:"legacy"`
	Format    int       `json:"format,omitempty"`
	NodeID    string    `json:"node_id,omitempty"`
	Created   time.Time `json:"created,omitzero"`
	Running   bool      `json:"running"`
	Server    string    `json:"server,omitempty"`
	FileBytes int64     `json:"file_bytes"`

	Keys     keyCounts    `json:"keys"`
	Bytes    byteCounts   `json:"bytes"`
	Snapshot jsonSnapshot `json:"snapshot"`
	Log      jsonLog      `json:"log"`
	Restart  jsonRestart  `json:"restart"`

	groupLists
	Warnings    []warning        `json:"warnings"`
	Damage      []localdir.Place `json:"damage"`
	DamageTotal int              `json:"damage_total"`
}

type jsonSnapshot struct {
	Present   bool      `json:"present"`
	LSN       uint64    `json:"lsn"`
	Entries   int64     `json:"entries"`
	Bytes     int64     `json:"bytes"`
	Saved     time.Time `json:"saved,omitzero"`
	Writer    string    `json:"writer,omitempty"`
	FileBytes int64     `json:"file_bytes"`
	FreeBytes int64     `json:"free_bytes"`
}

type jsonLog struct {
	FirstLSN  uint64        `json:"first_lsn"`
	LastLSN   uint64        `json:"last_lsn"`
	FileBytes int64         `json:"file_bytes"`
	Segments  []jsonSegment `json:"segments"`
	Torn      *jsonTorn     `json:"torn,omitempty"`
}

type jsonSegment struct {
	Segment   uint64    `json:"segment"`
	File      string    `json:"file"`
	FirstLSN  uint64    `json:"first_lsn"`
	LastLSN   uint64    `json:"last_lsn"`
	Records   int64     `json:"records"`
	Bytes     int64     `json:"bytes"`
	FileBytes int64     `json:"file_bytes"`
	Created   time.Time `json:"created,omitzero"`
	Sealed    bool      `json:"sealed"`
}

type jsonTorn struct {
	Offset  int64  `json:"offset"`
	Bytes   int64  `json:"bytes"`
	Problem string `json:"problem"`
}

type jsonRestart struct {
	Refused    bool    `json:"refused"`
	Entries    int64   `json:"entries"`
	Records    int64   `json:"records"`
	Operations int64   `json:"operations"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"`
}

func (o *overview) json() jsonOverview {
	i, s, l := &o.info, &o.info.Snapshot, &o.info.Log
	j := jsonOverview{
		Directory: i.Path, Time: o.now.UTC(), Legacy: o.legacy, Format: i.Format, Created: jsonTime(i.Created),
		Running: i.Holder != "", Server: i.Holder, FileBytes: o.files.total,
		Keys: o.keys, Bytes: o.bytes,
		Snapshot: jsonSnapshot{Present: s.Present, LSN: s.LSN, Entries: s.Keys, Bytes: s.Bytes, Saved: jsonTime(s.Saved), FileBytes: s.FileBytes, FreeBytes: s.FreeBytes},
		Log:      jsonLog{FirstLSN: l.FirstLSN, LastLSN: l.LastLSN, FileBytes: l.FileBytes, Segments: []jsonSegment{}},
		Restart: jsonRestart{Refused: o.refused, Entries: s.Keys, Records: l.Records, Operations: l.Operations, Bytes: l.Bytes,
			Seconds: float64(restartTime(s, l).Milliseconds()) / 1000},
		groupLists: o.groups, Warnings: o.warnings(), Damage: append([]localdir.Place{}, o.damage...), DamageTotal: o.damageTotal,
	}
	if i.NodeID != 0 {
		j.NodeID = fmt.Sprintf("%016x", i.NodeID)
	}
	if s.Present {
		j.Snapshot.Writer = fmt.Sprintf("%016x", s.Writer)
	}
	for _, s := range l.Segments {
		j.Log.Segments = append(j.Log.Segments, jsonSegment{Segment: s.Seq, File: s.Name, FirstLSN: s.FirstLSN, LastLSN: s.LastLSN,
			Records: s.Records(), Bytes: s.Bytes, FileBytes: s.FileBytes, Created: jsonTime(s.Created), Sealed: s.Sealed})
	}
	if l.TornWhy != "" {
		j.Log.Torn = &jsonTorn{l.TornOffset, l.TornBytes, l.TornWhy}
	}
	return j
}

// jsonTime returns a time, which may not be set, in UTC and within the years that JSON can hold.
func jsonTime(t time.Time) time.Time {
	return milliTime(t.UnixMilli()).Add(time.Duration(t.Nanosecond() % 1e6))
}
