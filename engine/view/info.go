package view

import "time"

// Info says what a View has found.
type Info struct {
	Path    string // of the directory, absolute
	Time    time.Time
	Format  int       // of the directory; 0 if node.json is missing or damaged
	NodeID  uint64    // 0 if node.json is missing or damaged
	Created time.Time // of the node
	Holder  string    // what LOCK says of the process that runs on the directory; empty if there is none

	Snapshot SnapshotInfo
	Log      LogInfo
}

// SnapshotInfo describes the snapshot.
type SnapshotInfo struct {
	Present   bool
	LSN       uint64    // the log is covered up to here
	Keys      int64     // tombstones and expired entries included
	Bytes     int64     // of keys and values
	Saved     time.Time // end of the checkpoint
	Writer    uint64    // id of the node that wrote it
	FileBytes int64
	FreeBytes int64 // in pages that hold nothing
}

// LogInfo describes the log.
type LogInfo struct {
	Segments  []Segment
	FirstLSN  uint64 // of the oldest segment; 0 if there is no segment
	LastLSN   uint64 // of the last whole record
	FileBytes int64  // of all segments, with the room that is made for records to come
	// What the snapshot does not cover, which a restart replays.
	Records, Operations, Bytes int64
	// What follows the last record and is none: the torn end of a write.
	TornOffset int64
	TornBytes  int64
	TornWhy    string // empty if nothing is torn
}

// Segment describes one segment of the log.
type Segment struct {
	Seq       uint64
	Name      string // within the directory, with slashes
	FirstLSN  uint64
	LastLSN   uint64 // less than FirstLSN if it has no records
	Bytes     int64  // up to the end of the last record
	FileBytes int64
	Created   time.Time
	Sealed    bool
}

// Records returns how many records the segment has.
func (s *Segment) Records() int64 { return int64(s.LastLSN + 1 - s.FirstLSN) }
