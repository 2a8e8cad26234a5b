package engine

import "strconv"

// Limits of what a store holds. MaxValueSize is the hard upper bound; a store
// may be opened with a smaller one (Options.MaxValueSize).
const (
	MaxKeySize   = 8 << 10  // bytes
	MaxValueSize = 16 << 20 // bytes
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
	switch {
	case v.Time < w.Time:
		return -1
	case v.Time > w.Time:
		return +1
	case v.Node < w.Node:
		return -1
	case v.Node > w.Node:
		return +1
	}
	return 0
}

// IsZero tells whether v belongs to no write.
func (v Version) IsZero() bool { return v == Version{} }

// String renders v as milliseconds.counter@node, the node in hexadecimal.
func (v Version) String() string {
	b := strconv.AppendUint(nil, v.Time>>16, 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, v.Time&0xffff, 10)
	b = append(b, '@')
	return string(strconv.AppendUint(b, v.Node, 16))
}

// Meta is what the store knows about an entry besides its key and value.
type Meta struct {
	Version Version
	Created int64 // Unix nanoseconds of the last Set
	Expires int64 // Unix milliseconds from which the entry is absent; 0 = never
	Size    int   // bytes of the value
}

// Kind is what an Op does.
type Kind uint8

// The kinds of operation.
const (
	Set    Kind = iota + 1 // store Value under Key, with Expires
	Delete                 // remove Key
	Expire                 // move the expiry of Key to Expires, keep value and creation time
)

// Condition says when an Op applies. It is decided by the committer, in log
// order, so it is exact.
type Condition uint8

// The conditions.
const (
	Always      Condition = iota
	IfAbsent              // only if there is no live entry (create only); else ErrExists
	IfVersionIs           // only if the live entry has Op.Version; else ErrVersion
)

// Op is one operation of a commit. The caller fills the first group; Commit
// fills the second. Key and Value are only read, and only until Commit returns.
type Op struct {
	Kind    Kind
	If      Condition
	Key     []byte
	Value   []byte  // Set
	Expires int64   // Set, Expire: Unix milliseconds, 0 = never
	Version Version // IfVersionIs
	Created int64   // Set: Unix nanoseconds to keep as the time of creation; 0 = now

	Meta Meta  // of the entry as the operation left it (Set, Expire)
	Err  error // why this operation was not done, nil if it was
}

// Entry is what a node tells another of a key: a value, or a tombstone.
type Entry struct {
	Key, Value []byte
	Version    Version
	Created    int64 // Unix nanoseconds
	Expires    int64 // Unix milliseconds, 0 = never
	Tombstone  bool
}
