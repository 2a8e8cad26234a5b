package inspect

import (
	"fmt"
	"time"

	"owlcache/cmd/owlcache/internal/localdir"
)

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
