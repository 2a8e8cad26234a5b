package engine

import "owlcache/engine/internal/format"

type (
	// Version orders all writes of all nodes.
	Version = format.Version
	// Meta is what the store knows about an entry besides its key and value.
	Meta = format.Meta
	// Entry is what the store holds under a key: a value, or a tombstone.
	Entry = format.Entry
)

// Limits of what a store holds, in bytes. MaxValueSize is the hard upper bound; a store
// may be opened with a smaller one (Options.MaxValueSize).
const (
	MaxKeySize   = format.MaxKeySize
	MaxValueSize = format.MaxValueSize
)

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
