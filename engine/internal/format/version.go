package format

import (
	"cmp"
	"fmt"
	"time"
)

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
