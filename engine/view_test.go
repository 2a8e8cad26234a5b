package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/snapshot"
)

// viewed returns the entries of a directory as a View has them, in its order.
func viewed(t testing.TB, path string, o ViewOptions, after []byte) (list []Entry) {
	t.Helper()
	v, err := OpenView(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	err = v.Entries(context.Background(), after, func(e *Entry) error {
		c := *e
		c.Key, c.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
		list = append(list, c)
		return nil
	})
	if err := errors.Join(err, v.Close()); err != nil {
		t.Fatal(err)
	}
	return list
}

// held returns what the store has in memory, in the order of keys.
func (n *node) held() (list []Entry) {
	n.table.Each(func(e *Entry) {
		list = append(list, Entry{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value), Version: e.Version,
			Created: e.Created, Expires: e.Expires, Tombstone: e.Tombstone})
	})
	slices.SortFunc(list, func(a, b Entry) int { return bytes.Compare(a.Key, b.Key) })
	return list
}

func wantSame(t testing.TB, what string, got, want []Entry) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) {
			t.Fatalf("%s: %d entries, want %d", what, len(got), len(want))
		}
		g, w := got[i], want[i]
		if !bytes.Equal(g.Key, w.Key) || !bytes.Equal(g.Value, w.Value) || g.Version != w.Version || g.Tombstone != w.Tombstone ||
			g.Expires != w.Expires || !g.Tombstone && g.Created != w.Created {
			t.Fatalf("%s: entry %d is %.200v, want %.200v", what, i, g, w)
		}
	}
}

// TestViewIsTheStore compares a View of a running node with its map after many random
// commits with checkpoints between, with all of the log in memory and in many runs.
func TestViewIsTheStore(t *testing.T) {
	for _, grace := range []int{0, 1} {
		s := startNode(t, t.TempDir(), Options{SegmentSize: 8 << 10, TombstoneGrace: time.Duration(grace) * time.Hour})
		rnd := rand.New(rand.NewPCG(7, uint64(grace)))
		for round := range 12 {
			for range 60 {
				if err := s.Commit(someOps(rnd)); err != nil {
					t.Fatal(err)
				}
			}
			if round%3 == 1 {
				mustCheckpoint(t, s)
			}
			want := s.held()
			wantSame(t, "in memory", viewed(t, s.dir.Path(), ViewOptions{}, nil), want)
			wantSame(t, "in runs", viewed(t, s.dir.Path(), ViewOptions{budget: 2 << 10, TempDir: t.TempDir()}, nil), want)
			after := want[len(want)/2].Key
			wantSame(t, "behind a key", viewed(t, s.dir.Path(), ViewOptions{budget: 2 << 10}, after), want[len(want)/2+1:])
			in := slices.DeleteFunc(slices.Clone(want), func(e Entry) bool { return !bytes.HasPrefix(e.Key, []byte("k1")) })
			wantSame(t, "with a prefix", viewed(t, s.dir.Path(), ViewOptions{Prefix: []byte("k1")}, nil), in)
		}
		mustStop(t, s)
		wantSame(t, "stopped", viewed(t, s.dir.Path(), ViewOptions{}, nil), s.held())
	}
}

// someOps returns a commit of one to four random operations.
func someOps(rnd *rand.Rand) []Op {
	ops := make([]Op, 1+rnd.IntN(4))
	for i := range ops {
		ops[i] = Op{Kind: Kind(1 + rnd.IntN(3)), Key: fmt.Appendf(nil, "k%d", rnd.IntN(400))}
		if ops[i].Kind == Set {
			ops[i].Value = bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(300))
		}
		if ops[i].Kind != Delete && rnd.IntN(3) == 0 {
			ops[i].Expires = inFuture() + rnd.Int64N(1000)
		}
	}
	return ops
}

// TestViewUnderLoad reads while a writer commits the same number under two keys and
// checkpoints fold the log away: each View has both equal, and is not older than what
// was acknowledged before.
func TestViewUnderLoad(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{SegmentSize: 4 << 10, Sync: "no", compactAbove: 1})
	var (
		wg, folding sync.WaitGroup
		mu          sync.Mutex
		acked       int
		allow       = make(chan struct{}, 200) // so many writes during one View, at most
	)
	wg.Go(func() {
		n := 0
		for range allow {
			n++
			v := fmt.Appendf(nil, "%09d", n)
			if err := s.Commit([]Op{{Kind: Set, Key: []byte("a"), Value: v}, {Kind: Set, Key: []byte("z"), Value: v}}); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			acked = n
			mu.Unlock()
		}
	})
	for i := range 200 {
		if i%4 == 0 {
			folding.Wait()
			folding.Go(func() {
				if err := s.Checkpoint(context.Background()); err != nil && !errors.Is(err, snapshot.ErrBusy) {
					t.Error(err)
				}
			})
			time.Sleep(rand.N(3 * time.Millisecond)) // so that each part of it meets a View
		}
		for len(allow) < cap(allow) {
			allow <- struct{}{}
		}
		mu.Lock()
		least := fmt.Sprintf("%09d", acked)
		mu.Unlock()
		list := viewed(t, s.dir.Path(), ViewOptions{budget: 1 << 20}, nil)
		if least > "000000000" && (len(list) != 2 || !bytes.Equal(list[0].Value, list[1].Value) || string(list[0].Value) < least) {
			t.Errorf("%v, want %s at least", list, least)
			break
		}
	}
	close(allow)
	wg.Wait()
	folding.Wait()
	if s.Stats().Checkpoint.Done < 10 {
		t.Errorf("%+v", s.Stats().Checkpoint)
	}
}

// TestViewWritesNothing compares the directory before and after.
func TestViewWritesNothing(t *testing.T) {
	s := withLog(t, 20)
	mustStop(t, s)
	before := readAll(t, s.dir.Path())
	viewed(t, s.dir.Path(), ViewOptions{}, nil)
	after := readAll(t, s.dir.Path())
	if len(after) != len(before) {
		t.Fatalf("%d files, before %d", len(after), len(before))
	}
	for name, b := range before {
		if !bytes.Equal(after[name], b) {
			t.Errorf("%s has changed", name)
		}
	}
	if _, err := os.Stat(filepath.Join(t.TempDir(), "x")); err == nil {
		t.Fatal("a directory was made")
	}
	if _, err := OpenView(context.Background(), t.TempDir(), ViewOptions{}); err == nil || !strings.Contains(err.Error(), "no data directory") {
		t.Fatalf("an empty directory: %v", err)
	}
}

// TestViewOfDamage: damage is an error, or told and passed by.
func TestViewOfDamage(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	for i := range 300 {
		mustSet(t, s, fmt.Sprintf("k%03d", i), strings.Repeat("v", 100), 0)
	}
	mustCheckpoint(t, s)
	mustSet(t, s, "k100", "new", 0)
	mustSet(t, s, "k101", "newer", 0)
	mustStop(t, s)
	path := s.dir.Path()
	rewrite(t, s.snapshotPath(), func(b []byte) {
		i := bytes.Index(b, []byte("k007")) + 4 + format.ValueHeader
		b[i] ^= 1
	})
	rewrite(t, filepath.Join(path, datadir.LogDir, newestSegment(t, path)), func(b []byte) {
		b[bytes.Index(b, []byte("newer"))] ^= 1
	})
	_, err := OpenView(context.Background(), path, ViewOptions{})
	var damage *CorruptError
	if !errors.As(err, &damage) || !strings.Contains(damage.Path, datadir.LogDir) || damage.Offset < 32 {
		t.Fatalf("%v", err)
	}
	var told []*CorruptError
	list := viewed(t, path, ViewOptions{Damaged: func(c *CorruptError) { told = append(told, c) }}, nil)
	if len(told) != 2 || !strings.Contains(told[1].Reason, `"k007"`) || told[1].Offset <= 0 {
		t.Fatalf("told %v", told)
	}
	if len(list) != 299 {
		t.Fatalf("%d entries", len(list))
	}
	for _, e := range list {
		switch string(e.Key) {
		case "k007":
			t.Fatal("a damaged value was shown")
		case "k100":
			if string(e.Value) != "new" {
				t.Fatalf("k100 is %.10q", e.Value)
			}
		}
	}
}

// newestSegment returns the name of the last segment with records.
func newestSegment(t testing.TB, path string) string {
	t.Helper()
	v, err := OpenView(context.Background(), path, ViewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close() //nolint:errcheck // of a test
	list := v.Info().Log.Segments
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Records() > 0 {
			return filepath.Base(list[i].Name)
		}
	}
	t.Fatal("the log has no records")
	return ""
}

// TestViewOfATornLog: the torn end is told of, and is no damage.
func TestViewOfATornLog(t *testing.T) {
	s := withLog(t, 5)
	mustStop(t, s)
	path := s.dir.Path()
	want := s.held()
	segments, err := filepath.Glob(filepath.Join(path, datadir.LogDir, "*.wal"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(segments[len(segments)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("half a rec"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := OpenView(context.Background(), path, ViewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close() //nolint:errcheck // of a test
	if l := v.Info().Log; l.TornBytes != 10 || l.TornWhy == "" {
		t.Fatalf("%+v", l)
	}
	wantSame(t, "torn", viewed(t, path, ViewOptions{}, nil), want)
}

// TestFollowLog reads what a running node writes, as it writes it.
func TestFollowLog(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{SegmentSize: 4 << 10})
	mustSet(t, s, "first", "v", 0)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan string, 1000)
	ended := make(chan error, 1)
	missed := make(chan string, 1000)
	go func() {
		ended <- FollowLog(ctx, s.dir.Path(), 0, func(op *LogOp) error {
			seen <- fmt.Sprint(op.LSN, op.Kind, string(op.Key))
			return nil
		}, func(first, last uint64) { missed <- fmt.Sprint(first, "-", last) })
	}()
	next := func(want string) {
		t.Helper()
		if got := <-seen; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	next("1setfirst")
	for i := range 200 {
		mustSet(t, s, fmt.Sprint("k", i), strings.Repeat("x", 100), 0)
	}
	for i := range 200 {
		next(fmt.Sprintf("%dsetk%d", i+2, i))
	}
	if err := s.Delete([]byte("k7")); err != nil {
		t.Fatal(err)
	}
	next("202deletek7")
	cancel()
	if err := <-ended; err != nil || len(missed) > 0 {
		t.Fatalf("%v, %d missed", err, len(missed))
	}
}
