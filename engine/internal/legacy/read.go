package legacy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// ErrNotTakenOver is returned for the directory of a 0.5.1 node that no start has taken over.
var ErrNotTakenOver = errors.New("this is the data of a 0.5.1 node: start owlcache on it once, or read its owlcache.db with \"owlcache import\"")

// StartSize is how many bytes Is needs.
const StartSize = 512

// Is tells whether a file that starts with these bytes is the owlcache.db of a
// 0.5.1 node.
func Is(start []byte) bool {
	// The file begins with the description of its types: a length, the number of a
	// type, which is negative, and the names.
	return len(start) > 2 && start[1] == 0xff && bytes.Contains(start, []byte("LifeTime")) && bytes.Contains(start, []byte("CreateTime"))
}

// Starts tells whether the file at path is there and Is.
func Starts(path string) (bool, error) {
	start, err := readStart(path, StartSize)
	return Is(start), err
}

// NoSnapshot tells whether the file at path is there and no bbolt file.
func NoSnapshot(path string) (bool, error) {
	start, err := readStart(path, pages.MagicOffset+4)
	switch {
	case err != nil:
		return false, err
	case start == nil:
		return false, DanglingLink(path)
	}
	return len(start) < pages.MagicOffset+4 || binary.LittleEndian.Uint32(start[pages.MagicOffset:]) != pages.Magic, nil
}

// readStart returns up to n bytes of the file at path, nil if it is not there.
func readStart(path string, n int64) ([]byte, error) {
	f, err := datadir.OpenRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, datadir.ErrNotRegular):
		return nil, &format.CorruptError{Path: path, Offset: -1, Reason: datadir.ErrNotRegular.Error()}
	case err != nil:
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, n))
}

// Read reads the file at path.
func Read(path string) (list []*Entry, err error) {
	f, err := datadir.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&list); err != nil {
		return nil, damageOf(f, err)
	}
	return list, nil
}

func damageOf(f *os.File, err error) error {
	fi, statErr := f.Stat()
	if statErr != nil {
		return statErr
	}
	damage := &format.CorruptError{Path: f.Name(), Offset: -1, Reason: fmt.Sprintf("it is neither a snapshot nor the file of a 0.5.1 node (%v)", err)}
	if fi.Size() == 0 {
		damage.Offset, damage.Reason = 0, "the file is empty, as a 0.5.1 node leaves it that dies when it begins to save"
		if used, err := logUsed(nil, filepath.Join(filepath.Dir(f.Name()), datadir.LogDir)); err == nil && !used { // else a repair has something to save
			damage.Mend = mend("")
		}
		return damage
	}
	if legacy, err := Starts(f.Name()); err != nil || !legacy {
		return damage
	}
	damage.Reason = fmt.Sprintf("it is the file of a 0.5.1 node, and cannot be read (%v)", err)
	damage.Mend = mend("")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return damage
	}
	whole := int64(0)
	total, cutErr := ReadCut(f.Name(), func(*Entry) { whole++ })
	damage.Offset = fi.Size()
	damage.Reason = "the file of a 0.5.1 node ends in the middle of its entries, as it does when that node dies while it saves"
	if cutErr == nil && whole > 0 {
		damage.Reason += fmt.Sprintf("; whole entries: %d of %d", whole, total)
		damage.Mend = mend(", take the whole entries into a new directory with \"" + damage.Remedy() + "\"")
	}
	return damage
}

func mend(also string) string {
	return "if the 0.5.1 node runs, wait for its next save and stop it; else bring the file back from a backup" + also + ", or remove it to start without data; " +
		"a 0.5.1 node that is started on it starts without data and overwrites it"
}

// Each reads the owlcache.db of a 0.5.1 node as a whole and then calls visit with
// each entry, in the order of the file, with its number from 1 on: also with those that
// are expired, and with those that a store cannot hold. Entries have no Version.
// Created is 0 if it is not known. An error of visit ends the walk and is returned.
func Each(r io.Reader, visit func(n int64, e *format.Entry) error) error {
	var list []*Entry
	if err := gob.NewDecoder(r).Decode(&list); err != nil {
		return fmt.Errorf("this file of a 0.5.1 node cannot be read: %w", err)
	}
	now := time.Now()
	for i, kv := range list {
		if kv == nil {
			continue
		}
		created, expires := kv.times(now)
		if kv.LifeTime != 0 {
			expires = max(1, expires) // 0 would be never
		}
		e := format.Entry{Key: []byte(kv.Key), Value: kv.Value, Created: created.UnixNano(), Expires: expires}
		if err := visit(int64(i)+1, &e); err != nil {
			return err
		}
		list[i] = nil
	}
	return nil
}
