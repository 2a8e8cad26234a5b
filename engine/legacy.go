package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/snapshot"
)

// ErrLegacy is returned by tools for the directory of a 0.5.1 node that no start has taken
// over.
var ErrLegacy = legacy.ErrNotTakenOver

// ErrNotLegacy is returned by SurveyLegacy for the snapshot of this version.
var ErrNotLegacy = legacy.ErrNotLegacy

// LegacySurvey is what a file of a 0.5.1 node holds, and what a start does with it.
type LegacySurvey = legacy.Survey

// SurveyLegacy reads the owlcache.db or auth.db of a 0.5.1 node at path as a whole, as a
// start at that time would, and counts. Nothing is changed or locked: a node that writes
// the file meanwhile makes it look damaged, which is a *CorruptError.
func SurveyLegacy(path string, now time.Time) (*LegacySurvey, error) {
	return legacy.TakeSurvey(path, now)
}

// CheckTakeOver returns a *CorruptError if a start refuses to take over the owlcache.db
// in the directory dir because a 0.5.1 node has put it in the place of a snapshot. It
// reads the log up to its first record, and changes nothing.
func CheckTakeOver(dir string) error {
	return legacy.CheckTakeOver(filepath.Join(dir, datadir.SnapshotFile), nil, filepath.Join(dir, datadir.LogDir))
}

// takeOver turns the owlcache.db of a 0.5.1 node into a snapshot. At any moment
// owlcache.db is one or the other, whole, so that a crash costs nothing.
func (s *Store) takeOver() (entries int64, err error) {
	path := s.snapshotPath()
	there, err := legacy.NoSnapshot(path)
	if err != nil || !there {
		return 0, err
	}
	if err := legacy.CheckTakeOver(path, s.opts.logFS, s.logPath()); err != nil {
		return 0, err
	}
	list, err := legacy.Read(path)
	if err != nil {
		return 0, err
	}
	auth := s.dir.File(datadir.LegacyAuthFile)
	for _, old := range []string{path, auth} { // both, before either gets its second name
		if err := checkKept(old); err != nil {
			return 0, err
		}
	}
	part := legacy.Convert(list, s.clock.node, func(kv *legacy.Entry) {
		s.opts.Logger.Warn("an entry of the 0.5.1 node is left out: its key is empty, or key or value is too long",
			"key", fmt.Sprintf("%.100q", kv.Key), "key_bytes", len(kv.Key), "value_bytes", len(kv.Value))
	})
	w, err := snapshot.Create(path, snapshot.Options{Node: s.clock.node})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Write(context.Background(), part); err != nil {
		return 0, err
	}
	if err := errors.Join(keepLegacy(path), keepLegacy(auth)); err != nil {
		return 0, err
	}
	if err := w.Commit(); err != nil {
		return 0, err
	}
	if err := os.Remove(auth); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	s.opts.Logger.Info("took over the data of a 0.5.1 node", "entries", part.Len(), "kept", path+datadir.LegacySuffix)
	return int64(part.Len()), nil
}

// checkKept finds out whether the second name of an old file is taken by another one.
func checkKept(path string) error {
	kept := path + datadir.LegacySuffix
	there, err := os.Stat(kept)
	if err == nil {
		var old os.FileInfo
		if old, err = os.Stat(path); err == nil && !os.SameFile(old, there) { // else an interrupted start has come this far
			return fmt.Errorf("%s exists already and is another file than %s: move it away", kept, path)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keepLegacy gives an old file, if it is there, its second name, for its owner only.
func keepLegacy(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.Link(path, path+datadir.LegacySuffix); !errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Chmod(path, 0o600))
	}
	return checkKept(path)
}
