package view

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
	"testing"
	"time"

	"go.uber.org/goleak"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/testdir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// viewed returns the entries of a directory as a View has them, in its order.
func viewed(t testing.TB, path string, o Options, after []byte) (list []engine.Entry) {
	t.Helper()
	v, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	err = v.Entries(context.Background(), after, func(e *engine.Entry) error {
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

func wantSame(t testing.TB, what string, got, want []engine.Entry) {
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
		s := testdir.Start(t, t.TempDir(), engine.Options{SegmentSize: 8 << 10, TombstoneGrace: time.Duration(grace) * time.Hour})
		rnd := rand.New(rand.NewPCG(7, uint64(grace)))
		for round := range 12 {
			for range 60 {
				if err := s.Commit(someOps(rnd)); err != nil {
					t.Fatal(err)
				}
			}
			if round%3 == 1 {
				testdir.MustCheckpoint(t, s)
			}
			want := s.Contents()
			wantSame(t, "in memory", viewed(t, s.Dir.Path(), Options{}, nil), want)
			wantSame(t, "in runs", viewed(t, s.Dir.Path(), Options{budget: 2 << 10, TempDir: t.TempDir()}, nil), want)
			after := want[len(want)/2].Key
			wantSame(t, "behind a key", viewed(t, s.Dir.Path(), Options{budget: 2 << 10}, after), want[len(want)/2+1:])
			in := slices.DeleteFunc(slices.Clone(want), func(e engine.Entry) bool { return !bytes.HasPrefix(e.Key, []byte("k1")) })
			wantSame(t, "with a prefix", viewed(t, s.Dir.Path(), Options{Prefix: []byte("k1")}, nil), in)
		}
		testdir.MustStop(t, s)
		wantSame(t, "stopped", viewed(t, s.Dir.Path(), Options{}, nil), s.Contents())
	}
}

// someOps returns a commit of one to four random operations.
func someOps(rnd *rand.Rand) []engine.Op {
	ops := make([]engine.Op, 1+rnd.IntN(4))
	for i := range ops {
		ops[i] = engine.Op{Kind: engine.Kind(1 + rnd.IntN(3)), Key: fmt.Appendf(nil, "k%d", rnd.IntN(400))}
		if ops[i].Kind == engine.Set {
			ops[i].Value = bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(300))
		}
		if ops[i].Kind != engine.Delete && rnd.IntN(3) == 0 {
			ops[i].Expires = testdir.InFuture() + rnd.Int64N(1000)
		}
	}
	return ops
}

// TestViewWritesNothing compares the directory before and after.
func TestViewWritesNothing(t *testing.T) {
	s := testdir.WithLog(t, 20)
	testdir.MustStop(t, s)
	before := testdir.ReadAll(t, s.Dir.Path())
	viewed(t, s.Dir.Path(), Options{}, nil)
	after := testdir.ReadAll(t, s.Dir.Path())
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
	if _, err := Open(context.Background(), t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "no data directory") {
		t.Fatalf("an empty directory: %v", err)
	}
}

// TestViewOfDamage: damage is an error, or told and passed by.
func TestViewOfDamage(t *testing.T) {
	s := testdir.Start(t, t.TempDir(), engine.Options{})
	for i := range 300 {
		testdir.MustSet(t, s, fmt.Sprintf("k%03d", i), strings.Repeat("v", 100), 0)
	}
	testdir.MustCheckpoint(t, s)
	testdir.MustSet(t, s, "k100", "new", 0)
	testdir.MustSet(t, s, "k101", "newer", 0)
	testdir.MustStop(t, s)
	path := s.Dir.Path()
	testdir.Rewrite(t, s.Dir.File(datadir.SnapshotFile), func(b []byte) {
		i := bytes.Index(b, []byte("k007")) + 4 + format.ValueHeader
		b[i] ^= 1
	})
	testdir.Rewrite(t, filepath.Join(path, datadir.LogDir, newestSegment(t, path)), func(b []byte) {
		b[bytes.Index(b, []byte("newer"))] ^= 1
	})
	_, err := Open(context.Background(), path, Options{})
	var damage *engine.CorruptError
	if !errors.As(err, &damage) || !strings.Contains(damage.Path, datadir.LogDir) || damage.Offset < 32 {
		t.Fatalf("%v", err)
	}
	var told []*engine.CorruptError
	list := viewed(t, path, Options{Damaged: func(c *engine.CorruptError) { told = append(told, c) }}, nil)
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
	v, err := Open(context.Background(), path, Options{})
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
	s := testdir.WithLog(t, 5)
	testdir.MustStop(t, s)
	path := s.Dir.Path()
	want := s.Contents()
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
	v, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close() //nolint:errcheck // of a test
	if l := v.Info().Log; l.TornBytes != 10 || l.TornWhy == "" {
		t.Fatalf("%+v", l)
	}
	wantSame(t, "torn", viewed(t, path, Options{}, nil), want)
}

// TestFollowLog reads what a running node writes, as it writes it.
func TestFollowLog(t *testing.T) {
	s := testdir.Start(t, t.TempDir(), engine.Options{SegmentSize: 4 << 10})
	testdir.MustSet(t, s, "first", "v", 0)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan string, 1000)
	ended := make(chan error, 1)
	missed := make(chan string, 1000)
	go func() {
		ended <- Follow(ctx, s.Dir.Path(), 0, func(op *Op) error {
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
		testdir.MustSet(t, s, fmt.Sprint("k", i), strings.Repeat("x", 100), 0)
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
