package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/snapshot"
	"owlcache/engine/view"
)

// never is an interval that does not end.
const never = math.MaxInt64

// compactible makes a stopped directory with much free room in its snapshot and a log
// behind it.
func compactible(t testing.TB) string {
	t.Helper()
	s := startNode(t, t.TempDir(), Options{Sync: "no", TombstoneGrace: never, SweepInterval: never, compactAbove: 1 << 40})
	for i := range 2000 {
		mustSet(t, s, fmt.Sprint("key", i), strings.Repeat("x", 500), 0)
	}
	mustCheckpoint(t, s)
	for i := range 1500 {
		if err := s.Delete(fmt.Append(nil, "key", i)); err != nil {
			t.Fatal(err)
		}
	}
	mustSet(t, s, "expired", "x", 1)
	mustCheckpoint(t, s)
	for i := range 100 {
		mustSet(t, s, fmt.Sprint("late", i), "x", 0)
	}
	mustStop(t, s)
	return s.dir.Path()
}

func compactDir(ctx context.Context, path string) (*CompactReport, error) {
	dir, err := datadir.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := Compact(ctx, dir, nil)
	return r, errors.Join(err, dir.Close())
}

// viewed returns the entries of a directory as a View has them, in its order.
func viewed(t testing.TB, path string, o view.Options, after []byte) (list []Entry) {
	t.Helper()
	v, err := view.Open(context.Background(), path, o)
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

func TestCompact(t *testing.T) {
	path := compactible(t)
	want := viewed(t, path, view.Options{}, nil)
	r, err := compactDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "after", viewed(t, path, view.Options{}, nil), want)
	fi, err := os.Stat(filepath.Join(path, datadir.SnapshotFile))
	if err != nil {
		t.Fatal(err)
	}
	if r.Dir != path || r.SnapshotAfter != fi.Size() || r.SnapshotAfter > r.SnapshotBefore/2 || r.LogAfter >= r.LogBefore ||
		r.Records != 100 || r.Entries != int64(len(want)) || r.LSN != 3601 || r.TornBytes != 0 {
		t.Errorf("%+v", r)
	}
	s := startNode(t, path, Options{})
	defer mustStop(t, s)
	wantValue(t, s, "late1", "x")
	wantMiss(t, s, "key1")
	if st := s.Stats().Recovery; st.LogRecords != 0 || st.SnapshotLSN != 3601 {
		t.Errorf("%+v", st)
	}
}

func TestCompactTwice(t *testing.T) {
	path := compactible(t)
	first, err := compactDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := compactDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if second.SnapshotBefore != first.SnapshotAfter || second.SnapshotAfter > second.SnapshotBefore || second.Records != 0 {
		t.Errorf("%+v, then %+v", first, second)
	}
}

func TestCompactFresh(t *testing.T) {
	path := t.TempDir()
	mustStop(t, startNode(t, path, Options{}))
	r, err := compactDir(t.Context(), path)
	if err != nil || r.SnapshotAfter != 0 || r.Entries != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	mustStop(t, startNode(t, path, Options{}))
}

func TestCompactRefuses(t *testing.T) {
	t.Run("damage", func(t *testing.T) {
		path := compactible(t)
		file := filepath.Join(path, datadir.SnapshotFile)
		rewrite(t, file, func(b []byte) {
			for i := range b { // also in pages that are free now
				if strings.HasPrefix(string(b[i:min(i+7, len(b))]), "key1999") {
					b[i+7+format.ValueHeader] ^= 1
				}
			}
		})
		before := readTree(t, path)
		_, err := compactDir(t.Context(), path)
		var damage *CorruptError
		if !errors.As(err, &damage) || damage.Path != file {
			t.Error(err)
		}
		if after := readTree(t, path); after != before {
			t.Error("something was changed")
		}
	})
	t.Run("read", func(t *testing.T) {
		path := compactible(t)
		v, err := view.Open(t.Context(), path, view.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := compactDir(t.Context(), path); !errors.Is(err, snapshot.ErrBusy) {
			t.Error(err)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := compactDir(t.Context(), path); err != nil {
			t.Error(err)
		}
	})
}

// readTree returns all files of a directory but its lock as one text.
func readTree(t testing.TB, path string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*", "*/*"} {
		files, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if fi, err := os.Stat(f); err == nil && fi.Mode().IsRegular() && fi.Name() != datadir.LockFile {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&all, "%s\n%s\n", f, b)
			}
		}
	}
	return all.String()
}

// askedContext does something each time when it is asked whether it has ended.
type askedContext struct {
	context.Context
	ask func() error
}

func (c *askedContext) Err() error { return c.ask() }

// A process that is killed, or stopped, at any moment leaves a good directory.
func TestCompactStops(t *testing.T) {
	t.Parallel()
	path := compactible(t)
	want := viewed(t, path, view.Options{}, nil)
	stop := 0
	for ; ; stop += rounds(9, 1) {
		work := filepath.Join(t.TempDir(), "work")
		if err := os.CopyFS(work, os.DirFS(path)); err != nil {
			t.Fatal(err)
		}
		killed, asked := filepath.Join(t.TempDir(), "killed"), 0
		ctx := &askedContext{Context: context.Background(), ask: func() error {
			if asked++; asked <= stop {
				return nil
			}
			if asked == stop+1 {
				if err := os.CopyFS(killed, os.DirFS(work)); err != nil {
					t.Error(err)
				}
			}
			return context.Canceled
		}}
		_, err := compactDir(ctx, work)
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for _, dir := range []string{work, killed} {
			s := startNode(t, dir, Options{TombstoneGrace: never, SweepInterval: never})
			mustStop(t, s)
			wantSame(t, fmt.Sprintf("step %d, %s", stop, filepath.Base(dir)), viewed(t, dir, view.Options{}, nil), want)
		}
	}
	if stop < 100 {
		t.Errorf("only %d places to stop", stop)
	}
}
