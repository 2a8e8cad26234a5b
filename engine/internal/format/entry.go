package format

import (
	"cmp"
	"fmt"
	"time"
)

// Limits of what a store holds. MaxValueSize is the hard upper bound; a store
// may be opened with a smaller one.
const (
	MaxKeySize   = 8 << 10   // bytes
	MaxValueSize = 16 << 20  // bytes
	MaxExpires   = 1<<48 - 1 // Unix milliseconds
)

// Entry is what a store holds under a key: a value, or a tombstone.
type Entry struct {
	Key, Value []byte // Value is empty for a tombstone
	Version    Version
	Created    int64 // Unix nanoseconds
	Expires    int64 // Unix milliseconds, 0 = never
	Tombstone  bool
}

// Meta returns what is known of e besides its key and value.
func (e *Entry) Meta() Meta {
	return Meta{Version: e.Version, Created: e.Created, Expires: e.Expires, Size: len(e.Value)}
}

// Supersedes tells whether e takes the place of old: with a greater version, or as
// the tombstone of what expired under the same one. It is the rule for everything
// that meets: live writes, replay, replicas, snapshots.
func (e *Entry) Supersedes(old *Entry) bool {
	c := e.Version.Compare(old.Version)
	return c > 0 || c == 0 && e.Tombstone && !old.Tombstone
}

// Live tells whether readers see the entry at a time in Unix milliseconds.
func (e *Entry) Live(at int64) bool { return !e.Tombstone && (e.Expires == 0 || at < e.Expires) }

// Meta is what the store knows about an entry besides its key and value.
type Meta struct {
	Version Version
	Created int64 // Unix nanoseconds of the last Set
	Expires int64 // Unix milliseconds from which the entry is absent; 0 = never
	Size    int   // bytes of the value
}

// Version orders all writes of all nodes. Time is a hybrid logical clock: the
// upper 48 bits are Unix milliseconds, the lower 16 a counter. Node breaks ties
// between nodes. The zero Version belongs to no write.
type Version struct {
	Time uint64
	Node uint64
}

// Compare returns -1, 0 or +1 as v is older than, equal to or newer than w.
func (v Version) Compare(w Version) int {
	if c := cmp.Compare(v.Time, w.Time); c != 0 {
		return c
	}
	return cmp.Compare(v.Node, w.Node)
}

// IsZero tells whether v belongs to no write.
func (v Version) IsZero() bool { return v == Version{} }

// String renders v as milliseconds.counter@node, the node in hexadecimal.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d@%x", v.Time>>16, v.Time&0xffff, v.Node)
}

// HybridTime returns the least Time of the versions of a moment.
func HybridTime(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) << 16 }
