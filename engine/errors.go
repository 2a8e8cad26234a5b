package engine

import (
	"errors"

	"owlcache/engine/internal/format"
)

// Returned when an operation's arguments are refused. Nothing has changed.
var (
	// ErrKeyEmpty is returned for a key of no bytes.
	ErrKeyEmpty = errors.New("key is empty")
	// ErrKeyTooLarge is returned for a key longer than MaxKeySize.
	ErrKeyTooLarge = errors.New("key is too large")
	// ErrValueTooLarge is returned for a value longer than Options.MaxValueSize.
	ErrValueTooLarge = errors.New("value is too large")
	// ErrTooManyOps is returned for a commit that is larger than one log record may be.
	ErrTooManyOps = errors.New("commit is too large")
	// ErrBadOp is returned for an operation of no known kind or with a negative expiry.
	ErrBadOp = errors.New("operation is malformed")
)

// Returned when the state of the store decides against an operation. Nothing
// has changed.
var (
	// ErrNotFound is returned when the key of a Delete or Expire has no live entry.
	ErrNotFound = errors.New("key not found")
	// ErrExists is returned by IfAbsent when there is a live entry.
	ErrExists = errors.New("key exists")
	// ErrVersion is returned by IfVersionIs when the live entry has another version, or there is none.
	ErrVersion = errors.New("version differs")
	// ErrClockSkew is returned for a remote write whose time is too far ahead of the local clock.
	ErrClockSkew = errors.New("remote clock is ahead")
)

// Returned when the store cannot take writes. Reads go on, except after Close.
var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("store is closed")
	// ErrNoSpace is returned while the disk is full. It ends by itself when there is room again.
	ErrNoSpace = errors.New("no space left in the data directory: free some room, writes resume by themselves")
	// ErrReadOnly is returned after a failed log write or fsync; only a restart ends it.
	ErrReadOnly = errors.New("store is read-only after a failed log write: check the disk, then restart to recover")
)

// CorruptError is returned for a data directory that is damaged in a way that no crash
// explains. Its data has not been changed.
type CorruptError = format.CorruptError

// ErrNewerFormat is returned, with the name of the file, for data in a format that
// this program does not know.
var ErrNewerFormat = format.ErrNewerFormat
