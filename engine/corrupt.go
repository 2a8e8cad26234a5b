package engine

import (
	"errors"
	"fmt"

	"owlcache/wal"
)

// CorruptError is returned by Open for a data directory that is damaged in a way
// that no crash explains. Nothing has been changed in it.
type CorruptError struct {
	Path   string // of the file
	Offset int64  // in bytes, -1 if it is not known
	Reason string
}

func (e *CorruptError) Error() string {
	at := ""
	if e.Offset >= 0 {
		at = fmt.Sprintf(" at offset %d", e.Offset)
	}
	return fmt.Sprintf("%s is damaged%s: %s; nothing was changed: save a copy of the data directory, then bring it back from a backup", e.Path, at, e.Reason)
}

// asCorrupt turns the log's report of damage into the store's.
func asCorrupt(err error) error {
	var w *wal.CorruptError
	if !errors.As(err, &w) {
		return err
	}
	return &CorruptError{Path: w.Path, Offset: w.Offset, Reason: fmt.Sprintf("record %d: %s", w.LSN, w.Reason)}
}
