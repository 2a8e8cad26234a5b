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
	return fmt.Sprintf("%s is damaged%s: %s; nothing was changed; try \"%s\", or bring the directory back from a backup", e.Path, at, e.Reason, e.remedy())
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
