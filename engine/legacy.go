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
	"time"

	"owlcache/engine/datadir"
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
	list, err := readLegacy(path)
	if err != nil {
		return 0, err
	}
	part := s.convert(list)
	tmp := path + datadir.TmpSuffix
	db, err := openSnapshot(tmp, true)
	if err != nil {
		return 0, err
	}
	c := &checkpointer{node: s.clock.node, txEntries: maxTxEntries}
	if err := errors.Join(c.writeAll(context.Background(), db, tmp, part), db.Close()); err != nil {
		return 0, err
	}
	if err := keepLegacy(path); err != nil {
		return 0, err
	}
	if err := replaceFile(tmp, path); err != nil {
		return 0, err
	}
	s.opts.Logger.Info("took over the data of a 0.5.1 node", "entries", len(part.refs), "kept", path+datadir.LegacySuffix)
	return int64(len(part.refs)), s.keepAuth()
}

// isLegacy tells whether the file is there and no bbolt file.
func isLegacy(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
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
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&list); err != nil {
		return nil, &CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("it is neither a snapshot nor the file of a 0.5.1 node (%v)", err)}
	}
	return list, nil
}

// convert makes records of the entries that are not expired.
func (s *Store) convert(list []*legacyEntry) *folded {
	part := &folded{}
	now := time.Now()
	left := 0
	for _, kv := range list {
		if kv == nil || len(kv.Key) == 0 || len(kv.Key) > MaxKeySize || len(kv.Value) > MaxValueSize {
			left++
			continue
		}
		created := kv.CreateTime
		if created.After(now) {
			created = now // or it would drag the clock along
		}
		r := &record{kind: recordSet, entry: entry{
			key: []byte(kv.Key), value: kv.Value, created: created.UnixNano(),
			version: Version{Time: hybrid(created), Node: s.clock.node},
		}}
		if kv.LifeTime != 0 {
			end := kv.CreateTime.Add(kv.LifeTime)
			if !now.Before(end) {
				continue
			}
			r.expires = end.UnixMilli()
		}
		part.add(r)
	}
	if left > 0 {
		s.opts.Logger.Warn("entries of a 0.5.1 node were left out: their key is empty or key or value is too long", "entries", left)
	}
	part.sort()
	return part
}

// keepLegacy gives the old file a second name.
func keepLegacy(path string) error {
	kept := path + datadir.LegacySuffix
	err := os.Link(path, kept)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	a, aerr := os.Stat(path)
	b, berr := os.Stat(kept)
	if err := errors.Join(aerr, berr); err != nil {
		return err
	}
	if !os.SameFile(a, b) { // else an interrupted start has come this far
		return fmt.Errorf("%s exists already and is another file than %s: move it away", kept, path)
	}
	return nil
}

// keepAuth puts the log-ins of a 0.5.1 node aside: clients log in again.
func (s *Store) keepAuth() error {
	path := s.dir.File(datadir.LegacyAuthFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := keepLegacy(path); err != nil {
		return err
	}
	return os.Remove(path)
}
