package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// within does something with an open store.
func within(t testing.TB, dir string, do func(s *engine.Store) error) error {
	t.Helper()
	d, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(t.Context(), d, engine.Options{})
	if err != nil {
		t.Fatal(errors.Join(err, d.Close()))
	}
	err = do(s)
	if err := errors.Join(s.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	return err
}

// exported returns the export of a directory.
func exported(t testing.TB, dir string, o ExportOptions) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := export(t, dir, &out, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func export(t testing.TB, dir string, w io.Writer, o ExportOptions) (ExportReport, error) {
	t.Helper()
	v, err := view.Open(t.Context(), dir, view.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := Export(t.Context(), v, w, o)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return report, err
}

// imported imports a text into the directory.
func imported(t testing.TB, dir, text string, o ImportOptions, keep bool) (report ImportReport, err error) {
	t.Helper()
	src, err := NewSource(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	err = within(t, dir, func(s *engine.Store) (err error) {
		o.Open = func(context.Context) (Target, error) { return NewStoreTarget(s, keep), nil }
		report, err = Import(t.Context(), src, o)
		return err
	})
	return report, err
}

// lines are entries with times in the future of a test.
func lines(entries ...engine.Entry) string {
	var b []byte
	for i := range entries {
		if entries[i].Created == 0 {
			entries[i].Created = 1e18
		}
		b = appendLine(b, &entries[i])
	}
	return string(b)
}

func entry(key, value string) engine.Entry {
	return engine.Entry{Key: []byte(key), Value: []byte(value)}
}

func TestExportImportExport(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		first, second := filepath.Join(base, fmt.Sprint(n, "a")), filepath.Join(base, fmt.Sprint(n, "b"))
		now := time.Now()
		err := within(t, first, func(s *engine.Store) error {
			for i := range rapid.IntRange(0, 8).Draw(rt, "commits") {
				var ops []engine.Op
				for range rapid.IntRange(1, 10).Draw(rt, "ops") {
					op := engine.Op{Kind: engine.Set, Key: texts(rt, "key", 1), Value: texts(rt, "value", 0)}
					op.Created = rapid.Int64Range(0, now.UnixNano()).Draw(rt, "created")
					if rapid.Bool().Draw(rt, "expiring") {
						op.Expires = rapid.Int64Range(1, 2*now.UnixMilli()).Draw(rt, "expires")
					}
					if rapid.IntRange(0, 4).Draw(rt, "delete") == 0 {
						op = engine.Op{Kind: engine.Delete, Key: op.Key}
					}
					ops = append(ops, op)
				}
				if err := s.Commit(ops); err != nil {
					return err
				}
				if i == 4 {
					if err := s.Checkpoint(t.Context()); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		at := ExportOptions{At: now}
		want := exported(t, first, at)
		report, err := imported(t, second, want, ImportOptions{}, false)
		if err != nil {
			rt.Fatal(err)
		}
		if got := exported(t, second, at); got != want || report.Written != int64(strings.Count(want, "\n")) {
			rt.Fatalf("%+v\n%s\nwant\n%s", report, got, want)
		}
		// Once more changes nothing.
		report, err = imported(t, second, want, ImportOptions{}, false)
		if err != nil || report.Written != 0 || report.Unchanged != int64(strings.Count(want, "\n")) {
			rt.Fatalf("again: %+v, %v", report, err)
		}
	})
}

func TestExportLeavesOut(t *testing.T) {
	dir := t.TempDir()
	err := within(t, dir, func(s *engine.Store) error {
		return s.Commit([]engine.Op{
			{Kind: engine.Set, Key: []byte("a"), Created: 1}, {Kind: engine.Set, Key: []byte("b"), Created: 1, Expires: 5000},
			{Kind: engine.Set, Key: []byte("c"), Created: 1}, {Kind: engine.Delete, Key: []byte("c")},
			{Kind: engine.Set, Key: []byte("d"), Created: 1, Expires: 5001}, {Kind: engine.Set, Key: []byte("e"), Created: 1},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	report, err := export(t, dir, &out, ExportOptions{After: []byte("a"), At: time.UnixMilli(5000)})
	want := lines(engine.Entry{Key: []byte("d"), Created: 1, Expires: 5001}, engine.Entry{Key: []byte("e"), Created: 1})
	if err != nil || out.String() != want {
		t.Errorf("%s, %v", out.String(), err)
	}
	if want := (ExportReport{Entries: 2, Expired: 1, Bytes: 2, OutBytes: int64(len(want))}); report != want {
		t.Errorf("%+v, want %+v", report, want)
	}
}

// list is a Walker of entries in memory.
type list []engine.Entry

func (l list) Entries(ctx context.Context, _ []byte, visit func(e *engine.Entry) error) error {
	for i := range l {
		if err := visit(&l[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func TestExportOfLargeValues(t *testing.T) {
	var l list
	zeros := make([]byte, engine.MaxValueSize)
	for i := range 3 {
		l = append(l, engine.Entry{Key: fmt.Appendf(nil, "%d", i), Value: zeros, Created: 1}, engine.Entry{Key: fmt.Appendf(nil, "%d+", i), Created: 1})
	}
	pr, pw := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		_, err := Export(context.Background(), l, pw, ExportOptions{})
		failed <- errors.Join(err, pw.Close())
	}()
	src, err := NewSource(pr)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got := collector{}
	report, err := Import(t.Context(), src, ImportOptions{Open: got.open})
	if err := errors.Join(err, <-failed); err != nil {
		t.Fatal(err)
	}
	if report.Entries != 6 || report.Bytes != 3*engine.MaxValueSize+9 || report.Last != 6 {
		t.Errorf("%+v", report)
	}
}

// collector is a Target that only counts. It fails at an entry whose key is fail.
type collector struct {
	keys []string
	fail string
	err  error
}

func (c *collector) open(context.Context) (Target, error) { return c, nil }

func (c *collector) Put(_ context.Context, entries []engine.Entry) (int, Stored, error) {
	var s Stored
	for i, e := range entries {
		if c.err != nil && string(e.Key) == c.fail {
			return i, s, c.err
		}
		c.keys = append(c.keys, string(e.Key))
		s.Written++
		s.Bytes += int64(len(e.Key) + len(e.Value))
	}
	return len(entries), s, nil
}

// failing fails to write after some calls.
type failing struct{ calls int }

func (f *failing) Write(b []byte) (int, error) {
	if f.calls--; f.calls < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func many(n int) (l list) {
	for i := range n {
		l = append(l, engine.Entry{Key: fmt.Appendf(nil, "key:%08d", i), Value: bytes.Repeat([]byte("v"), 100), Created: 1})
	}
	return l
}

func TestExportEnds(t *testing.T) {
	l := many(100_000)
	if _, err := Export(t.Context(), l, &failing{calls: 3}, ExportOptions{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a writer that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Export(ctx, l, io.Discard, ExportOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// What comes before damage is written.
	damage := &engine.CorruptError{Path: "x"}
	var out bytes.Buffer
	_, err := Export(t.Context(), damaged{l, damage}, &out, ExportOptions{})
	if !errors.Is(err, damage) || bytes.Count(out.Bytes(), []byte("\n")) != len(l) {
		t.Errorf("damage: %v, %d bytes", err, out.Len())
	}
}

type damaged struct {
	list
	err error
}

func (d damaged) Entries(ctx context.Context, after []byte, visit func(e *engine.Entry) error) error {
	return errors.Join(d.list.Entries(ctx, after, visit), d.err)
}
