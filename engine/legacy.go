package engine

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/snapshot"
)

// legacyEntry is an entry in the owlcache.db of a 0.5.1 node, which is the gob of a
// slice of pointers to these. The names of the fields are part of that format.
type legacyEntry struct {
	Key        string
	Value      []byte
	LifeTime   time.Duration // from CreateTime on; 0 = for ever
	CreateTime time.Time
}

// bboltMagic is in the first page of a bbolt file, at offset 16.
const (
	bboltMagic       = 0xED0CDAED
	bboltMagicOffset = 16
)

// takeOver turns the owlcache.db of a 0.5.1 node into a snapshot, and returns how
// many entries that brought. The old file is kept as owlcache.db.legacy. At any
// moment owlcache.db is one or the other, whole, so that a crash costs nothing.
func (s *Store) takeOver() (entries int64, err error) {
	path := s.snapshotPath()
	legacy, err := isLegacy(path)
	if err != nil || !legacy {
		return 0, err
	}
	if err := checkTakeOver(path, s.opts.logFS, s.logPath()); err != nil {
		return 0, err
	}
	list, err := readLegacy(path)
	if err != nil {
		return 0, err
	}
	auth := s.dir.File(datadir.LegacyAuthFile)
	for _, old := range []string{path, auth} { // both, before either gets its second name
		if err := checkKept(old); err != nil {
			return 0, err
		}
	}
	part := s.convert(list)
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

// isLegacy tells whether the file is there and no bbolt file.
func isLegacy(path string) (bool, error) {
	f, err := datadir.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, danglingLink(path)
	}
	if errors.Is(err, datadir.ErrNotRegular) {
		return false, &format.CorruptError{Path: path, Offset: -1, Reason: datadir.ErrNotRegular.Error()}
	}
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // read only
	var b [bboltMagicOffset + 4]byte
	if _, err := io.ReadFull(f, b[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	return le.Uint32(b[bboltMagicOffset:]) != bboltMagic, nil
}

func readLegacy(path string) (list []*legacyEntry, err error) {
	f, err := datadir.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&list); err != nil {
		return nil, legacyDamage(f, err)
	}
	return list, nil
}

// legacyDamage says what is wrong with a file that cannot be decoded for err.
func legacyDamage(f *os.File, err error) error {
	fi, statErr := f.Stat()
	if statErr != nil {
		return statErr
	}
	damage := &format.CorruptError{Path: f.Name(), Offset: -1, Reason: fmt.Sprintf("it is neither a snapshot nor the file of a 0.5.1 node (%v)", err)}
	if fi.Size() == 0 {
		damage.Offset, damage.Reason = 0, "the file is empty, as a 0.5.1 node leaves it that dies when it begins to save"
		if used, err := logUsed(nil, filepath.Join(filepath.Dir(f.Name()), datadir.LogDir)); err == nil && !used { // else a repair has something to save
			damage.Mend = mendLegacy("")
		}
		return damage
	}
	if legacy, err := startsLegacy(f.Name()); err != nil || !legacy {
		return damage
	}
	damage.Reason = fmt.Sprintf("it is the file of a 0.5.1 node, and cannot be read (%v)", err)
	damage.Mend = mendLegacy("")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return damage
	}
	whole := int64(0)
	total, cutErr := readLegacyCut(f.Name(), func(*legacyEntry) { whole++ })
	damage.Offset = fi.Size()
	damage.Reason = "the file of a 0.5.1 node ends in the middle of its entries, as it does when that node dies while it saves"
	if cutErr == nil && whole > 0 {
		damage.Reason += fmt.Sprintf("; whole entries: %d of %d", whole, total)
		damage.Mend = mendLegacy(", take the whole entries into a new directory with \"" + damage.Remedy() + "\"")
	}
	return damage
}

// mendLegacy says what to do about a damaged file of a 0.5.1 node, and what else.
func mendLegacy(also string) string {
	return "if the 0.5.1 node runs, wait for its next save and stop it; else bring the file back from a backup" + also + ", or remove it to start without data; " +
		"a 0.5.1 node that is started on it starts without data and overwrites it"
}

// convert makes records of the entries that are not expired. What cannot be kept,
// for its size, is named in the log.
func (s *Store) convert(list []*legacyEntry) *fold.Part {
	part := &fold.Part{}
	now := time.Now()
	for _, kv := range list {
		if kv == nil {
			continue
		}
		switch kv.fate(now) {
		case legacyTaken:
			part.Add(s.convertOne(kv, now))
		case legacyRefused:
			s.opts.Logger.Warn("an entry of the 0.5.1 node is left out: its key is empty, or key or value is too long",
				"key", fmt.Sprintf("%.100q", kv.Key), "key_bytes", len(kv.Key), "value_bytes", len(kv.Value))
		case legacyExpired:
		}
	}
	part.Sort()
	return part
}

// legacyFate is what becomes of an entry of a 0.5.1 node.
type legacyFate uint8

const (
	legacyTaken   legacyFate = iota
	legacyExpired            // left out
	legacyRefused            // left out: no store can hold it
)

// fate returns what becomes of an entry at the time now.
func (kv *legacyEntry) fate(now time.Time) legacyFate {
	switch {
	case kv.LifeTime != 0 && !now.Before(kv.CreateTime.Add(kv.LifeTime)):
		return legacyExpired
	case len(kv.Key) == 0 || len(kv.Key) > format.MaxKeySize || len(kv.Value) > format.MaxValueSize:
		return legacyRefused
	}
	return legacyTaken
}

func (s *Store) convertOne(kv *legacyEntry, now time.Time) *format.Record {
	created, expires := kv.times(now)
	return &format.Record{Kind: format.RecordSet, Entry: format.Entry{
		Key: []byte(kv.Key), Value: kv.Value, Created: created.UnixNano(), Expires: expires,
		Version: format.Version{Time: format.HybridTime(created), Node: s.clock.node},
	}}
}

// times returns when an entry was created, and when it expires in Unix milliseconds,
// 0 = never.
func (kv *legacyEntry) times(now time.Time) (created time.Time, expires int64) {
	// A time ahead would drag the clock along; one before 1970 is none at all. 0 would
	// mean "now" to an import.
	created = time.Unix(0, 1)
	if kv.CreateTime.After(created) {
		created = kv.CreateTime
	}
	if created.After(now) {
		created = now
	}
	if kv.LifeTime != 0 {
		expires = kv.CreateTime.Add(kv.LifeTime).UnixMilli()
	}
	return created, expires
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
