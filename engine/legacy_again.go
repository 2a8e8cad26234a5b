package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// CheckTakeOver returns a *CorruptError if a start refuses to take over the owlcache.db
// in the directory dir because a 0.5.1 node has put it in the place of a snapshot. It
// reads the log up to its first record, and changes nothing.
func CheckTakeOver(dir string) error {
	return checkTakeOver(filepath.Join(dir, datadir.SnapshotFile), nil, filepath.Join(dir, datadir.LogDir))
}

// checkTakeOver is CheckTakeOver of a file and a log. A 0.5.1 node takes no lock: one
// that still runs on a directory which this version uses saves over the snapshot. What
// has been folded into that is gone then, and the log alone is not all that followed.
func checkTakeOver(path string, logFS wal.FS, logDir string) error {
	legacy, err := startsLegacy(path)
	if err != nil || !legacy {
		return err
	}
	used, err := logUsed(logFS, logDir)
	if err != nil || !used {
		return err
	}
	return legacyAgain(path)
}

// logUsed tells whether the log has, or had, records. Where it is damaged it had.
func logUsed(logFS wal.FS, dir string) (bool, error) {
	r, err := wal.NewReader(logFS, dir, 0)
	var damage *wal.CorruptError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.As(err, &damage): // also one that begins behind its first record
		return true, nil
	case err != nil:
		return false, err
	}
	used := r.Next() || errors.As(r.Err(), &damage)
	if !used {
		err = r.Err()
	}
	return used, errors.Join(err, r.Close())
}

// legacyAgain is what is wrong with a file of 0.5.1 in the place of a snapshot.
func legacyAgain(path string) *format.CorruptError {
	damage := &format.CorruptError{Path: path, Offset: -1,
		Reason: "it is a file of 0.5.1 in the place of the snapshot: a 0.5.1 node has run on this directory after this version had taken it over; " +
			"the log (wal/) still has what was written since the last checkpoint"}
	damage.Mend = "stop the 0.5.1 node; then bring the directory back from a backup, or put what this file and the log hold into a new one with \"" + damage.Remedy() +
		"\"; if only what the 0.5.1 node holds counts, move wal and owlcache.db.legacy away and start again"
	return damage
}

// danglingLink returns a *CorruptError if path is a link to nothing: it must not pass for
// a directory without data.
func danglingLink(path string) error {
	fi, err := os.Lstat(path)
	isLink := err == nil && fi.Mode()&fs.ModeSymlink != 0
	if _, err = os.Stat(path); !isLink || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &format.CorruptError{Path: path, Offset: -1, Reason: "it is a link to a file that is not there",
		Mend: "bring back what it leads to, or remove the link to start without a snapshot"}
}
