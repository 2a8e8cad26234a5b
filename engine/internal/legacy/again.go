package legacy

import (
	"errors"
	"io/fs"
	"os"

	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// CheckTakeOver returns a *format.CorruptError if a start refuses to take over the file at
// path: a 0.5.1 node takes no lock, and one that still runs on a directory which this
// version uses saves over the snapshot. What has been folded into that is gone then, and
// the log alone is not all that followed. The log is read up to its first record.
func CheckTakeOver(path string, logFS wal.ReadFS, logDir string) error {
	legacy, err := Starts(path)
	if err != nil || !legacy {
		return err
	}
	used, err := logUsed(logFS, logDir)
	if err != nil || !used {
		return err
	}
	return Again(path)
}

// logUsed tells whether the log has, or had, records. Where it is damaged it had.
func logUsed(logFS wal.ReadFS, dir string) (bool, error) {
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

// Again returns what is wrong with a file of 0.5.1 in the place of a snapshot.
func Again(path string) *format.CorruptError {
	damage := &format.CorruptError{Path: path, Offset: -1,
		Reason: "it is a file of 0.5.1 in the place of the snapshot: a 0.5.1 node has run on this directory after this version had taken it over; " +
			"the log (wal/) still has what was written since the last checkpoint"}
	damage.Mend = "stop the 0.5.1 node; then bring the directory back from a backup, or put what this file and the log hold into a new one with \"" + damage.Remedy() +
		"\"; if only what the 0.5.1 node holds counts, move wal and owlcache.db.legacy away and start again"
	return damage
}

// DanglingLink returns a *CorruptError if path is a link to nothing: it must not pass for
// a directory without data.
func DanglingLink(path string) error {
	fi, err := os.Lstat(path)
	isLink := err == nil && fi.Mode()&fs.ModeSymlink != 0
	if _, err = os.Stat(path); !isLink || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &format.CorruptError{Path: path, Offset: -1, Reason: "it is a link to a file that is not there",
		Mend: "bring back what it leads to, or remove the link to start without a snapshot"}
}
