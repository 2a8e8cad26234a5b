package engine

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// LegacyStart is how many bytes IsLegacy needs.
const LegacyStart = 512

// IsLegacy tells whether a file that starts with these bytes is the owlcache.db of a
// 0.5.1 node.
func IsLegacy(start []byte) bool {
	// The file begins with the description of its types: a length, the number of a
	// type, which is negative, and the names.
	return len(start) > 2 && start[1] == 0xff && bytes.Contains(start, []byte("LifeTime")) && bytes.Contains(start, []byte("CreateTime"))
}

// startsLegacy tells whether the file at path is there and IsLegacy.
func startsLegacy(path string) (bool, error) {
	f, err := datadir.OpenRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, datadir.ErrNotRegular):
		return false, &format.CorruptError{Path: path, Offset: -1, Reason: datadir.ErrNotRegular.Error()}
	case err != nil:
		return false, err
	}
	defer f.Close() //nolint:errcheck // read only
	start, err := io.ReadAll(io.LimitReader(f, LegacyStart))
	return IsLegacy(start), err
}

// ReadLegacy reads the owlcache.db of a 0.5.1 node as a whole and then calls visit with
// each entry, in the order of the file, with its number from 1 on: also with those that
// are expired, and with those that a store cannot hold. Entries have no Version.
// Created is 0 if it is not known. An error of visit ends the walk and is returned.
func ReadLegacy(r io.Reader, visit func(n int64, e *format.Entry) error) error {
	var list []*legacyEntry
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
