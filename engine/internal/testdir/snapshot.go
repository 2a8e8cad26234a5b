package testdir

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"owlcache/engine"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/snapshot"
)

// SmallPages returns a snapshot of small pages, with entries that are good.
func SmallPages(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	w, err := snapshot.Create(path, snapshot.Options{PageSize: pages.MinPageSize, BatchKeys: 25})
	if err != nil {
		t.Fatal(err)
	}
	part := &fold.Part{LastLSN: 7}
	for i := range 60 {
		part.Add(&format.Record{Kind: format.RecordSet, Entry: engine.Entry{Key: fmt.Appendf(nil, "key:%012d", i), Value: []byte("value"), Version: engine.Version{Time: 1, Node: 1}}})
	}
	part.Sort()
	if err := errors.Join(w.Write(context.Background(), part), w.Commit()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Places says where the parts of a good snapshot are.
type Places struct {
	Meta pages.Meta
	KV   int // the root page of the bucket kv
}

// NewPlaces finds them in the content of a snapshot.
func NewPlaces(t *testing.T, b []byte) (p Places) {
	t.Helper()
	file := pages.OpenDamaged(bytes.NewReader(b), int64(len(b)))
	meta, err := file.Newest()
	if err != nil {
		t.Fatal(err)
	}
	root := file.Read(meta.Root)
	for i := range root.Count {
		if e := root.Element(i); string(e.Key) == format.BucketKV {
			return Places{Meta: meta, KV: int(binary.LittleEndian.Uint64(e.Value))}
		}
	}
	t.Fatal("no bucket kv")
	return p
}
