package testdir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// Node is a store and its directory.
type Node struct {
	*engine.Store
	Dir *datadir.Dir
}

// Start opens the directory at path as a node does; it is closed at the end of the test.
func Start(t testing.TB, path string, opts engine.Options) *Node {
	t.Helper()
	n, err := Try(path, opts)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { _ = n.Stop() })
	return n
}

// Try opens the directory at path as a node does.
func Try(path string, opts engine.Options) (*Node, error) {
	dir, err := datadir.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := engine.Open(context.Background(), dir, opts)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &Node{s, dir}, nil
}

// Stop closes the store and the directory.
func (n *Node) Stop() error { return errors.Join(n.Close(), n.Dir.Close()) }

// MustSet sets a key.
func MustSet(t testing.TB, s *Node, key, value string, expires int64) engine.Meta {
	t.Helper()
	m, err := s.Set([]byte(key), []byte(value), expires)
	if err != nil {
		t.Fatalf("set %q: %v", key, err)
	}
	return m
}

// MustStop is Stop.
func MustStop(t testing.TB, s *Node) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

// MustCheckpoint makes a checkpoint.
func MustCheckpoint(t testing.TB, s *Node) {
	t.Helper()
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// WithLog returns a node with 20 keys in the snapshot, and n in the log.
func WithLog(t *testing.T, n int) *Node {
	t.Helper()
	s := Start(t, t.TempDir(), engine.Options{})
	for i := range 20 {
		MustSet(t, s, fmt.Sprint("a", i), "1", 0)
	}
	MustCheckpoint(t, s)
	for i := range n {
		MustSet(t, s, fmt.Sprint("b", i), "1", 0)
	}
	return s
}

// InFuture returns the time in an hour, in Unix milliseconds.
func InFuture() int64 { return time.Now().Add(time.Hour).UnixMilli() }

// Contents returns what the store holds, in the order of keys.
func (n *Node) Contents() (list []engine.Entry) {
	var hashes []uint64
	for _, item := range n.Items(nil, []engine.HashRange{{Last: math.MaxUint64}}) {
		hashes = append(hashes, item.Hash)
	}
	n.Entries(slices.Compact(hashes), func(e *engine.Entry) bool {
		c := *e
		c.Key, c.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
		list = append(list, c)
		return true
	})
	slices.SortFunc(list, func(a, b engine.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return list
}
