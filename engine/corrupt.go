package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"owlcache/engine/datadir"
	"owlcache/wal"
)

// CorruptError is returned by Open for a data directory that is damaged in a way
// that no crash explains. Its data has not been changed.
type CorruptError struct {
	Path   string // of the file
	Offset int64  // in bytes, -1 if it is not known
	Reason string
	Mend   string // what to do; empty: a repair, or a backup
}

func (e *CorruptError) Error() string {
	at := ""
	if e.Offset >= 0 {
		at = fmt.Sprintf(" at offset %d", e.Offset)
	}
	mend := e.Mend
	if mend == "" {
		mend = fmt.Sprintf("try \"%s\", or bring the directory back from a backup", e.remedy())
	}
	return fmt.Sprintf("%s is damaged%s: %s; the data was not changed; %s", e.Path, at, e.Reason, mend)
}

// remedy is the command that saves what can be saved.
func (e *CorruptError) remedy() string {
	dir := filepath.Dir(e.Path)
	switch {
	case filepath.Base(dir) == datadir.LogDir:
		dir = filepath.Dir(dir)
	case filepath.Base(e.Path) != datadir.SnapshotFile && filepath.Base(e.Path) != datadir.LogDir:
		return "owlcache repair --to NEWDIR DIR"
	}
	if strings.ContainsFunc(dir, func(c rune) bool { return strings.ContainsRune(" \t\n'\"\\$`!*?[](){}<>|&;#~", c) }) {
		dir = "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
	}
	return "owlcache repair --to NEWDIR " + dir
}

// asCorrupt turns the log's report of damage into the store's.
func asCorrupt(err error) error {
	var w *wal.CorruptError
	if !errors.As(err, &w) {
		return err
	}
	return &CorruptError{Path: w.Path, Offset: w.Offset, Reason: fmt.Sprintf("record %d: %s", w.LSN, w.Reason)}
}
