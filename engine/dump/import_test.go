package dump

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"owlcache/engine"
)

func TestImportStopsAtABadLine(t *testing.T) {
	var good bytes.Buffer
	l := many(50_000)
	for i := range l {
		good.Write(appendLine(nil, &l[i]))
	}
	for _, bad := range []int{1, 2, 777, 50_000, 50_001} {
		all := bytes.SplitAfter(good.Bytes(), []byte("\n"))
		text := bytes.Join(all[:bad-1], nil)
		text = append(text, "{\"key\":\"k\"\n"...)
		text = append(text, bytes.Join(all[bad-1:], nil)...)
		src, err := NewSource(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got := collector{}
		report, err := Import(t.Context(), src, ImportOptions{Open: got.open})
		src.Close()
		var line *LineError
		if !errors.As(err, &line) || line.Line != int64(bad) || report.Last != int64(bad-1) || len(got.keys) != bad-1 || report.Written != int64(bad-1) {
			t.Errorf("line %d: %v, %+v, %d entries", bad, err, report, len(got.keys))
		}
	}
}

func TestImportSaysHowFarItCame(t *testing.T) {
	text := lines(entry("a", ""), entry("b", "")) + "\n" + lines(entry("c", ""), entry("d", ""))
	full := errors.New("full")
	for fail, want := range map[string]int64{"a": 0, "b": 1, "c": 3, "d": 4} {
		src, err := NewSource(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got := collector{fail: fail, err: full}
		if report, err := Import(t.Context(), src, ImportOptions{Open: got.open}); err != full || report.Last != want || report.Entries != int64(len(got.keys)) { //nolint:errorlint // exactly this one
			t.Errorf("%s: %v, %+v", fail, err, report)
		}
	}
	src, err := NewSource(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	got := collector{fail: "c", err: &RefusedError{full}}
	report, err := Import(t.Context(), src, ImportOptions{Open: got.open})
	var line *LineError
	if !errors.As(err, &line) || line.Line != 4 || !errors.Is(err, full) || report.Last != 3 {
		t.Errorf("refused: %v, %+v", err, report)
	}
}

func TestImportOptions(t *testing.T) {
	const expired = `{"key":"aa","value":"","expires":"2001-01-01T00:00:00Z"}` + "\n"
	text := lines(entry("a", "1"), entry("b", "2")) + expired + lines(entry("ab", "3"), entry("a", "4"))
	for _, tt := range []struct {
		name string
		opts ImportOptions
		keep bool
		want ImportReport
		left string
	}{
		{"all", ImportOptions{}, false,
			ImportReport{Last: 5, Entries: 5, Expired: 1, Stored: Stored{Written: 3, Unchanged: 1, Bytes: 7}},
			lines(entry("a", "4"), entry("ab", "3"), entry("b", "2"))},
		{"keep", ImportOptions{}, true,
			ImportReport{Last: 5, Entries: 5, Expired: 1, Stored: Stored{Written: 2, Existing: 2, Bytes: 5}},
			lines(entry("a", "0"), entry("ab", "3"), entry("b", "2"))},
		{"prefix", ImportOptions{Prefix: []byte("a")}, false,
			ImportReport{Last: 5, Entries: 5, Expired: 1, Filtered: 1, Stored: Stored{Written: 3, Bytes: 7}},
			lines(entry("a", "4"), entry("ab", "3"))},
		{"from", ImportOptions{From: 4}, false,
			ImportReport{Last: 5, Entries: 2, Stored: Stored{Written: 2, Bytes: 5}},
			lines(entry("a", "4"), entry("ab", "3"))},
		{"from the end", ImportOptions{From: 6}, false, ImportReport{Last: 5}, lines(entry("a", "0"))},
	} {
		dir := t.TempDir()
		have := lines(entry("a", "0"))
		if tt.name == "all" { // a key that is there with the value that comes first and is overwritten
			have = lines(entry("b", "2"), entry("a", "0"))
		}
		if _, err := imported(t, dir, have, ImportOptions{}, false); err != nil {
			t.Fatal(err)
		}
		tt.want.Unit = "line"
		report, err := imported(t, dir, text, tt.opts, tt.keep)
		if err != nil || report != tt.want {
			t.Errorf("%s: %+v, want %+v, %v", tt.name, report, tt.want, err)
		}
		if got := exported(t, dir, ExportOptions{}); got != tt.left {
			t.Errorf("%s: left\n%swant\n%s", tt.name, got, tt.left)
		}
	}
	if _, err := imported(t, t.TempDir(), text, ImportOptions{From: 7}, false); err == nil || !strings.Contains(err.Error(), "line 7: there is none, the last one is 5") {
		t.Errorf("from behind the end: %v", err)
	}
}

// TestImportOfAKeyTwice has a key with the value that is there, then another one, then
// that again.
func TestImportOfAKeyTwice(t *testing.T) {
	dir := t.TempDir()
	for _, values := range [][]string{{"1"}, {"1", "2", "1"}, {"2", "1"}, {"2", "2"}} {
		var all []engine.Entry
		for _, v := range values {
			all = append(all, entry("k", v))
		}
		if _, err := imported(t, dir, lines(all...), ImportOptions{}, false); err != nil {
			t.Fatal(err)
		}
		if got, want := exported(t, dir, ExportOptions{}), lines(all[len(all)-1]); got != want {
			t.Errorf("%v: %s", values, got)
		}
	}
}

// TestImportGoesOn breaks an import off at many lines, as a kill does, and runs it
// again.
func TestImportGoesOn(t *testing.T) {
	var text []byte
	l := many(30_000) // some blocks
	for i := range l {
		text = appendLine(text, &l[i])
	}
	for _, at := range []string{"key:00000000", "key:00012345", "key:00029999"} {
		dir := t.TempDir()
		broken := errors.New("broken off")
		var last int64
		err := within(t, dir, func(s *engine.Store) error {
			src, err := NewSource(bytes.NewReader(text))
			if err != nil {
				return err
			}
			report, err := Import(t.Context(), src, ImportOptions{Open: func(context.Context) (Target, error) {
				return &breaking{Target: NewStoreTarget(s, false), at: at, err: broken}, nil
			}})
			last = report.Last
			return err
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		report, err := imported(t, dir, string(text), ImportOptions{}, false)
		if err != nil || report.Unchanged < last || report.Unchanged+report.Written != int64(len(l)) {
			t.Errorf("%s: %+v, %v", at, report, err)
		}
		if got := exported(t, dir, ExportOptions{}); got != string(text) {
			t.Errorf("%s: %d bytes, want %d", at, len(got), len(text))
		}
	}
}

// breaking is a Target that fails at a key.
type breaking struct {
	Target
	at  string
	err error
}

func (b *breaking) Put(ctx context.Context, entries []engine.Entry) (int, Stored, error) {
	for i, e := range entries {
		if string(e.Key) == b.at {
			done, stored, err := 0, Stored{}, error(nil)
			if i > 0 {
				done, stored, err = b.Target.Put(ctx, entries[:i])
			}
			return done, stored, errors.Join(err, b.err)
		}
	}
	return b.Target.Put(ctx, entries)
}

func TestImportIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := many(1)
	line := appendLine(nil, &l[0])
	got := &collector{}
	src, err := NewSource(endless{line: line, cancel: cancel, after: new(100_000)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := Import(ctx, src, ImportOptions{Open: got.open})
	if !errors.Is(err, context.Canceled) || report.Last > 200_000 || int(report.Written) != len(got.keys) {
		t.Errorf("%v, %+v", err, report)
	}
}

// endless repeats a line, and cancels after some.
type endless struct {
	line   []byte
	cancel func()
	after  *int
}

func (e endless) Read(b []byte) (int, error) {
	if *e.after--; *e.after < 0 {
		e.cancel()
	}
	return copy(b, e.line), nil
}
