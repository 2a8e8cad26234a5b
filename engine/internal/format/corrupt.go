package format

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
		mend = fmt.Sprintf("try \"%s\", or bring the directory back from a backup", e.Remedy())
	}
	return fmt.Sprintf("%s is damaged%s: %s; the data was not changed; %s", e.Path, at, e.Reason, mend)
}

// Remedy is the command that saves what can be saved.
func (e *CorruptError) Remedy() string {
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

// AsCorrupt turns the log's report of damage into the store's.
func AsCorrupt(err error) error {
	var w *wal.CorruptError
	if !errors.As(err, &w) {
		return err
	}
	return &CorruptError{Path: w.Path, Offset: w.Offset, Reason: fmt.Sprintf("record %d: %s", w.LSN, w.Reason)}
}

// ErrNewerFormat is returned, with the name of the file, for data in a format that
// this program does not know.
var ErrNewerFormat = errors.New("written in a newer format than this program knows: use a newer owlcache")

// SnapshotDamage makes a *CorruptError of what is wrong with the snapshot at path,
// unless it only has a newer format.
func SnapshotDamage(path, what string, err error) error {
	if errors.Is(err, ErrNewerFormat) {
		return fmt.Errorf("%s: %s%w", path, what, err)
	}
	return &CorruptError{Path: path, Offset: -1, Reason: what + err.Error()}
}
