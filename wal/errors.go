package wal

import (
	"errors"
	"fmt"
	"syscall"
)

// Returned by Append, Seal and DeleteThrough.
var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("wal: log is closed")
	// ErrNoSpace is returned while the file system is full. What was written of the
	// batch has been cut off again; the same call succeeds once there is room.
	ErrNoSpace = errors.New("wal: no space left on the device of the log")
	// ErrFailed is returned, with the cause, from the first failed write or sync on.
	ErrFailed = errors.New("wal: log has failed")
	// ErrTooLarge is returned by Batch.Add for a payload above MaxRecordSize.
	ErrTooLarge = errors.New("wal: record is too large")
)

// CorruptError is returned when a log is damaged in a way that no crash explains.
type CorruptError struct {
	Path   string // of the segment
	Offset int64  // of the damage, in bytes from the start of the file
	LSN    uint64 // of the first record that cannot be read
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("log segment %s is damaged at offset %d (record %d): %s", e.Path, e.Offset, e.LSN, e.Reason)
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
