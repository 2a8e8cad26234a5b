package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"owlcache/engine/datadir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
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
		{Kind: Set, If: IfVersionIs, Version: Version{1, 1}, Key: k, Value: []byte("no")},
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
		s := startNode(t, t.TempDir(), Options{TombstoneGrace: grace})
		mustSet(t, s, "stays", "x", 0)
		for i := range 1000 {
			mustSet(t, s, fmt.Sprint("e", i), "value", time.Now().UnixMilli()+1)
		}
		waitUntil(t, func() bool { _, ok := s.Stat([]byte("e999")); return !ok })
		wantMiss(t, s, "e0")
		s.sweepOnce(context.Background())
		st := s.Stats()
		tombs := int64(0)
		if grace > 0 {
			tombs = 1000
		}
		if st.Keys != 1 || st.Expiring != 0 || st.Expired != 1000 || st.Tombstones != tombs {
			t.Fatalf("grace %v: %+v", grace, st)
		}
		s = s.restart(t, Options{TombstoneGrace: grace})
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
		s.opts.TombstoneGrace = -time.Hour // as if the time had passed
		s.sweepOnce(context.Background())
		if st := s.Stats(); st.Keys != 1 || st.Tombstones != 0 {
			t.Fatalf("grace is over: %+v", st)
		}
	}
}

func TestMergeKeepsTheGreaterVersion(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	m := mustSet(t, s, "k", "mine", 0)
	sub := s.Subscribe(1 << 20)
	defer sub.Close()
	older, newer := m.Version, m.Version
	older.Time--
	newer.Time++
	ahead := Version{Time: hybrid(time.Now().Add(time.Minute)), Node: 7}
	for _, c := range []struct {
		name string
		e    Entry
		want int
		now  string
	}{
		{"older", Entry{Key: []byte("k"), Value: []byte("old"), Version: older}, 0, "mine"},
		{"same", Entry{Key: []byte("k"), Value: []byte("same"), Version: m.Version}, 0, "mine"},
		{"ahead", Entry{Key: []byte("k"), Value: []byte("ahead"), Version: ahead}, 0, "mine"},
		{"newer", Entry{Key: []byte("k"), Value: []byte("new"), Version: newer, Created: 5}, 1, "new"},
		{"older tombstone", Entry{Key: []byte("k"), Version: m.Version, Tombstone: true}, 0, "new"},
	} {
		n, err := s.Merge([]Entry{c.e})
		if err != nil || n != c.want {
			t.Fatalf("%s: taken %d, %v", c.name, n, err)
		}
		wantValue(t, s, "k", c.now)
	}
	if st := s.Stats(); st.SkewDenied != 1 {
		t.Fatalf("skew denied %d", st.SkewDenied)
	}
	newer.Time++
	if n, err := s.Merge([]Entry{{Key: []byte("k"), Version: newer, Tombstone: true}}); err != nil || n != 1 {
		t.Fatalf("tombstone: %d, %v", n, err)
	}
	wantMiss(t, s, "k")
	if next := mustSet(t, s, "k", "again", 0); next.Version.Compare(newer) <= 0 {
		t.Fatalf("version %v is not above %v", next.Version, newer)
	}
	changes, ok := sub.Next(context.Background())
	if !ok || len(changes) != 1 || string(changes[0].Value) != "again" {
		t.Fatalf("the feed carries local writes only: %+v", changes)
	}
}

func TestVersionsNeverGoBack(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	last := mustSet(t, s, "k", "v", 0).Version
	s.clock.observe(Version{Time: hybrid(time.Now().Add(24 * time.Hour))}) // the wall clock was ahead once
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

func TestFeedCarriesWholeEntries(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	sub := s.Subscribe(1 << 20)
	mustSet(t, s, "k", "v", 0)
	at := inFuture()
	if _, err := s.Expire([]byte("k"), at); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete([]byte("k")); err != nil {
		t.Fatal(err)
	}
	var got []Change
	for len(got) < 3 {
		c, ok := sub.Next(context.Background())
		if !ok {
			t.Fatal("the feed ended")
		}
		got = append(got, c...)
	}
	for i, want := range []struct {
		kind    Kind
		value   string
		expires int64
	}{{Set, "v", 0}, {Expire, "v", at}, {Delete, "", 0}} {
		if c := got[i]; c.Kind != want.kind || string(c.Value) != want.value || c.Expires != want.expires || string(c.Key) != "k" {
			t.Errorf("change %d: %+v", i, c)
		}
		if i > 0 && got[i].Version.Compare(got[i-1].Version) <= 0 {
			t.Errorf("change %d is out of order", i)
		}
	}
	sub.Close()
	if _, ok := sub.Next(context.Background()); ok {
		t.Error("a closed subscription goes on")
	}
}

func TestSlowSubscriberLosesAndIsTold(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	sub := s.Subscribe(1000)
	for i := range 100 {
		mustSet(t, s, fmt.Sprint("k", i), strings.Repeat("v", 50), 0)
	}
	changes, _ := sub.Next(context.Background())
	if n := uint64(len(changes)); n == 0 || n+sub.Lost() != 100 || s.Stats().FeedLost != sub.Lost() {
		t.Fatalf("%d fetched, %d lost", n, sub.Lost())
	}
	sub.Close()
	if s.Stats().FeedLost == 0 {
		t.Fatal("the losses of a closed subscription are forgotten")
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
