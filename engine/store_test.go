package engine

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

func TestMain(m *testing.M) {
	if !heavy {
		_ = flag.Set("rapid.checks", "20") // unless the command line says else
	}
	goleak.VerifyTestMain(m)
}

// rounds returns how many rounds of a test are done.
func rounds(light, many int) int {
	if heavy {
		return many
	}
	return light
}

// node is a store and its directory, as a test restarts it.
type node struct {
	*Store
	dir *datadir.Dir
}

func startNode(t testing.TB, path string, opts Options) *node {
	t.Helper()
	n, err := tryNode(path, opts)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { _ = n.stop() })
	return n
}

func tryNode(path string, opts Options) (*node, error) {
	dir, err := datadir.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := Open(context.Background(), dir, opts)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &node{s, dir}, nil
}

func (n *node) stop() error { return errors.Join(n.Close(), n.dir.Close()) }

func (n *node) restart(t testing.TB, opts Options) *node {
	t.Helper()
	if err := n.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	return startNode(t, n.dir.Path(), opts)
}

func mustSet(t testing.TB, s *node, key, value string, expires int64) Meta {
	t.Helper()
	m, err := s.Set([]byte(key), []byte(value), expires)
	if err != nil {
		t.Fatalf("set %q: %v", key, err)
	}
	return m
}

func wantValue(t testing.TB, s *node, key, want string) {
	t.Helper()
	got, _, ok := s.Get(nil, []byte(key))
	if !ok || string(got) != want {
		t.Fatalf("get %.40q: %.40q, %v; want %.40q", key, got, ok, want)
	}
}

func wantMiss(t testing.TB, s *node, key string) {
	t.Helper()
	if got, _, ok := s.Get(nil, []byte(key)); ok {
		t.Fatalf("get %q: %.40q, want nothing", key, got)
	}
}

// waitUntil polls a condition.
func waitUntil(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func inFuture() int64 { return time.Now().Add(time.Hour).UnixMilli() }

func TestSetGetDeleteExpireOverRestarts(t *testing.T) {
	for _, fold := range []bool{false, true} {
		t.Run(fmt.Sprintf("checkpoint=%v", fold), func(t *testing.T) {
			s := startNode(t, t.TempDir(), Options{})
			again := func() {
				if fold {
					if err := s.Checkpoint(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				s = s.restart(t, Options{})
			}
			a := mustSet(t, s, "a", "1", 0)
			mustSet(t, s, "b", "", inFuture())
			mustSet(t, s, "gone", "x", 0)
			again()
			wantValue(t, s, "a", "1")
			wantValue(t, s, "b", "")
			if m, ok := s.Stat([]byte("a")); !ok || m != a {
				t.Fatalf("meta %+v, was %+v", m, a)
			}
			if err := s.Delete([]byte("gone")); err != nil {
				t.Fatal(err)
			}
			moved, err := s.Expire([]byte("a"), inFuture())
			if err != nil || moved.Created != a.Created || moved.Version.Compare(a.Version) <= 0 {
				t.Fatalf("expire: %+v, %v; was %+v", moved, err, a)
			}
			again()
			wantMiss(t, s, "gone")
			if m, ok := s.Stat([]byte("a")); !ok || m != moved {
				t.Fatalf("meta %+v, was %+v", m, moved)
			}
			wantValue(t, s, "a", "1")
			if _, err := s.Expire([]byte("a"), time.Now().UnixMilli()-1); err != nil {
				t.Fatal(err)
			}
			wantMiss(t, s, "a")
			again()
			wantMiss(t, s, "a")
		})
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{MaxValueSize: 100})
	long := bytes.Repeat([]byte("k"), MaxKeySize+1)
	for name, c := range map[string]struct {
		op   Op
		want error
	}{
		"empty key":       {Op{Kind: Set}, ErrKeyEmpty},
		"long key":        {Op{Kind: Set, Key: long}, ErrKeyTooLarge},
		"long value":      {Op{Kind: Set, Key: long[:1], Value: long[:101]}, ErrValueTooLarge},
		"negative expiry": {Op{Kind: Set, Key: long[:1], Expires: -1}, ErrBadOp},
		"no kind":         {Op{Key: long[:1]}, ErrBadOp},
		"inner kind":      {Op{Kind: purge, Key: long[:1]}, ErrBadOp},
		"condition":       {Op{Kind: Set, Key: long[:1], If: 9}, ErrBadOp},
		"delete missing":  {Op{Kind: Delete, Key: long[:1]}, ErrNotFound},
		"expire missing":  {Op{Kind: Expire, Key: long[:1]}, ErrNotFound},
	} {
		ops := []Op{c.op}
		err := s.Commit(ops)
		if err == nil {
			err = ops[0].Err
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if st := s.Stats(); st.Keys != 0 || st.Ops != 0 {
		t.Errorf("something changed: %+v", st)
	}
	if m, err := s.Set(long[:MaxKeySize], long[:100], 0); err != nil || m.Size != 100 {
		t.Errorf("largest key and value: %+v, %v", m, err)
	}
}

func TestConditionsSeeEarlierOperationsOfTheBatch(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	k := []byte("k")
	ops := []Op{
		{Kind: Set, If: IfAbsent, Key: k, Value: []byte("1")},
		{Kind: Set, If: IfAbsent, Key: k, Value: []byte("2")},
		{Kind: Expire, Key: k, Expires: inFuture()},
		{Kind: Delete, Key: k},
		{Kind: Delete, Key: k},
		{Kind: Expire, Key: k},
		{Kind: Set, If: IfAbsent, Key: k, Value: []byte("3")},
	}
	if err := s.Commit(ops); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, ErrExists, nil, nil, ErrNotFound, ErrNotFound, nil} {
		if !errors.Is(ops[i].Err, want) {
			t.Errorf("operation %d: %v, want %v", i, ops[i].Err, want)
		}
	}
	wantValue(t, s, "k", "3")
	m, _ := s.Stat(k)
	ops = []Op{
		{Kind: Set, If: IfVersionIs, Version: Version{Time: 1, Node: 1}, Key: k, Value: []byte("no")},
		{Kind: Set, If: IfVersionIs, Version: m.Version, Key: k, Value: []byte("4")},
		{Kind: Delete, If: IfVersionIs, Version: m.Version, Key: k},
	}
	if err := s.Commit(ops); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(ops[0].Err, ErrVersion) || ops[1].Err != nil || !errors.Is(ops[2].Err, ErrVersion) {
		t.Errorf("%v, %v, %v", ops[0].Err, ops[1].Err, ops[2].Err)
	}
	wantValue(t, s, "k", "4")
}

func TestExpiryIsExactAndSwept(t *testing.T) {
	for _, grace := range []time.Duration{0, time.Hour} {
		s := startNode(t, t.TempDir(), Options{Sync: "no", TombstoneGrace: grace})
		mustSet(t, s, "stays", "x", 0)
		for i := range 1000 {
			mustSet(t, s, fmt.Sprint("e", i), "value", time.Now().UnixMilli()+1)
		}
		waitUntil(t, func() bool { _, ok := s.Stat([]byte("e999")); return !ok })
		wantMiss(t, s, "e0")
		s.sweepOnce(context.Background(), time.Now())
		st := s.Stats()
		tombs := int64(0)
		if grace > 0 {
			tombs = 1000
		}
		if st.Keys != 1 || st.Expiring != 0 || st.Expired != 1000 || st.Tombstones != tombs {
			t.Fatalf("grace %v: %+v", grace, st)
		}
		s = s.restart(t, Options{Sync: "no", TombstoneGrace: grace})
		if st := s.Stats(); st.Keys != 1 || st.Tombstones != tombs {
			t.Fatalf("grace %v, restarted: %+v", grace, st)
		}
		if err := s.Checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
		s = s.restart(t, Options{TombstoneGrace: grace})
		if st := s.Stats(); st.Keys != 1 || st.Tombstones != tombs || st.Recovery.SnapshotKeys != 1+tombs {
			t.Fatalf("grace %v, from the snapshot: %+v", grace, st)
		}
		if grace == 0 {
			continue
		}
		s.sweepOnce(context.Background(), time.Now().Add(2*time.Hour))
		if st := s.Stats(); st.Keys != 1 || st.Tombstones != 0 {
			t.Fatalf("grace is over: %+v", st)
		}
	}
}

func TestVersionsNeverGoBack(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	last := mustSet(t, s, "k", "v", 0).Version
	s.clock.observe(Version{Time: format.HybridTime(time.Now().Add(24 * time.Hour))}) // the wall clock was ahead once
	for i := range 6 {
		m := mustSet(t, s, "k", fmt.Sprint(i), 0)
		if m.Version.Compare(last) <= 0 {
			t.Fatalf("%v after %v", m.Version, last)
		}
		last = m.Version
		if i%2 == 1 {
			if err := s.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		s = s.restart(t, Options{})
	}
}

func TestCloseIsFinalAndIdempotent(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	sub := s.Subscribe(1000)
	mustSet(t, s, "k", "v", 0)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Set([]byte("k"), nil, 0); !errors.Is(err, ErrClosed) {
		t.Fatalf("set after close: %v", err)
	}
	if state, err := s.Health(); state != Closed || !errors.Is(err, ErrClosed) {
		t.Fatalf("health after close: %v, %v", state, err)
	}
	if _, ok := sub.Next(context.Background()); !ok {
		t.Fatal("what was queued before the end is lost")
	}
	if _, ok := sub.Next(context.Background()); ok {
		t.Fatal("the feed of a closed store goes on")
	}
}

func TestLargeValues(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	big := strings.Repeat("0123456789abcdef", MaxValueSize/16)
	mustSet(t, s, "big", big, 0)
	mustSet(t, s, "big", big, 0)
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustSet(t, s, "big2", big[1:], 0)
	s = s.restart(t, Options{})
	wantValue(t, s, "big", big)
	wantValue(t, s, "big2", big[1:])
}
