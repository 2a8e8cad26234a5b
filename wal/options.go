package wal

import (
	"cmp"
	"fmt"
	"time"
)

// SyncPolicy says when written records are made durable.
type SyncPolicy uint8

// The policies.
const (
	SyncAlways      SyncPolicy = iota // before Append returns
	SyncEverySecond                   // once a second; a crash of the machine loses at most that
	SyncNever                         // when the operating system likes; sealed segments are durable
)

// ParseSyncPolicy reads "always", "everysec" or "no".
func ParseSyncPolicy(s string) (SyncPolicy, error) {
	for p := SyncAlways; p <= SyncNever; p++ {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("sync policy %q: want always, everysec or no", s)
}

// String is the inverse of ParseSyncPolicy.
func (p SyncPolicy) String() string {
	switch p {
	case SyncAlways:
		return "always"
	case SyncEverySecond:
		return "everysec"
	case SyncNever:
		return "no"
	}
	return fmt.Sprintf("SyncPolicy(%d)", uint8(p))
}

// Limits of Options.SegmentSize, in bytes.
const (
	DefaultSegmentSize = 64 << 20
	MinSegmentSize     = 4 << 10
	MaxSegmentSize     = 1 << 30
)

// Options of a log. Dir must be set; the zero value of the rest is the default.
type Options struct {
	Dir string
	// SegmentSize is the size in bytes at which a new segment is begun. A batch is
	// never split, so a segment may be larger by one batch.
	SegmentSize int64
	Sync        SyncPolicy
	// OnSync, if set, is told how long each fsync of records took. It is called
	// with the log's mutex held.
	OnSync func(time.Duration)
	// FS is the file system; nil is the real one.
	FS FS
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, fmt.Errorf("wal: Options.Dir is empty")
	}
	o.SegmentSize = cmp.Or(o.SegmentSize, DefaultSegmentSize)
	o.FS = cmp.Or[FS](o.FS, osFS{})
	if o.SegmentSize < MinSegmentSize || o.SegmentSize > MaxSegmentSize {
		return o, fmt.Errorf("wal: segment size %d: want %d to %d bytes", o.SegmentSize, MinSegmentSize, MaxSegmentSize)
	}
	if o.Sync > SyncNever {
		return o, fmt.Errorf("wal: unknown %v", o.Sync)
	}
	if o.OnSync == nil {
		o.OnSync = func(time.Duration) {}
	}
	return o, nil
}
