package inspect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"owlcache/cmd/owlcache/internal/term/termtest"
	"owlcache/engine"
	"owlcache/engine/view"
)

func TestShownValue(t *testing.T) {
	for _, test := range []struct {
		in   string
		most int
		want string
	}{
		{"", 10, `""`},
		{"text\x1b", 10, `"text\x1b"`},
		{"0123456789", 10, `"0123456789"`},
		{"0123456789x", 10, `"0123456789"…`},
		{"世界", 4, `"世"…`},
		{"\x00\x01", 10, "0001"},
		{"\xff\xff\xff\xff", 4, "ffff…"},
	} {
		if got := shownValue([]byte(test.in), test.most); got != test.want {
			t.Errorf("%q: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestTimesThatNobodyNeeds(t *testing.T) {
	for _, ms := range []int64{math.MinInt64, -1, 0, 1, math.MaxInt64} {
		if _, err := json.Marshal(milliTime(ms)); err != nil {
			t.Errorf("%d: %v", ms, err)
		}
		for _, from := range []int64{math.MinInt64, 0, math.MaxInt64} {
			if d := until(from, ms); (d < 0) != (ms < from) {
				t.Errorf("from %d to %d: %v", from, ms, d)
			}
		}
	}
	e := engine.Entry{Version: engine.Version{Time: math.MaxUint64}, Created: math.MinInt64, Expires: math.MinInt64}
	m := metaOf(&e)
	if _, err := json.Marshal(asJSONEntry(&m, inspectClock())); err != nil {
		t.Error(err)
	}
}

func FuzzPrintableJSON(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte("\x1b\u009b\u202e世\U000e0001\xff\x7f\u2028"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		i := inspector{out: bufio.NewWriter(&out), json: true}
		if err := i.printJSON(asJSONValue(in)); err != nil {
			t.Fatal(err)
		}
		if err := i.out.Flush(); err != nil {
			t.Fatal(err)
		}
		termtest.Harmless(t, out.String())
		var back jsonValue
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		got := back.ValueBase64
		if back.Value != nil {
			got = []byte(*back.Value)
		}
		if !bytes.Equal(got, in) {
			t.Errorf("got %q, want %q", got, in)
		}
	})
}

func FuzzGroupFiles(f *testing.F) {
	f.Add([]byte("null"))
	f.Add([]byte(`[{"Cmd":"","Address":"127.0.0.1:7721","Pass":"","Token":""}]`))
	f.Add([]byte(`{"peers":[{"address":"a","seen":"now"},{"address":"b"}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, parse := range []func([]byte) ([]groupPeer, error){parseMembers, parsePeers} {
			members, err := parse(in)
			if err == nil != json.Valid(in) && err == nil {
				t.Errorf("accepted what is no JSON: %q", in)
			}
			for _, m := range members {
				if m.Address == "" {
					t.Errorf("no address in %q", in)
				}
			}
		}
	})
}

func TestParseMembers(t *testing.T) {
	for in, want := range map[string]string{
		"null": "", "[]": "",
		`[{"Address":"a:1"},{"address":"b:2"}]`: "a:1 b:2",
		"":                                      "line 1, column 1: unexpected end of JSON input",
		"[\n\t{\"Address\":7}]":                 "line 2, column 13: a list of members is wanted, not this number",
		`[{"Pass":"x"}]`:                        "member 1 has no Address",
		`[{"Address":"a"}] x`:                   "line 1, column 19: invalid character",
	} {
		members, err := parseMembers([]byte(in))
		var got []string
		for _, m := range members {
			got = append(got, m.Address)
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if s := strings.Join(got, " "); s != want && (err == nil || !strings.HasPrefix(s, want)) {
			t.Errorf("%s: got %s, want %s", in, s, want)
		}
	}
}

func TestTopIsTheFrontOfTheSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.IntRange(0, 50)).Draw(t, "values")
		most := rapid.IntRange(1, 20).Draw(t, "most")
		first := top[int]{most: most, compare: func(a, b *int) int { return *a - *b }}
		for _, v := range values {
			if first.wants(&v) {
				first.put(v)
			}
		}
		want := slices.Sorted(slices.Values(values))
		if got := first.sorted(); !slices.Equal(got, want[:min(most, len(want))]) || first.total != int64(len(values)) {
			t.Fatalf("got %v of %d, want the first %d of %v", got, first.total, most, want)
		}
	})
}

func TestManySegmentsAreShortened(t *testing.T) {
	var out bytes.Buffer
	in := inspector{out: bufio.NewWriter(&out)}
	l := view.LogInfo{FirstLSN: 1, LastLSN: 100}
	for i := range uint64(100) {
		l.Segments = append(l.Segments, view.Segment{Seq: i + 1, FirstLSN: i + 1, LastLSN: i + 1, Sealed: i < 99})
	}
	in.printLog(&l, false)
	if err := in.out.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != segmentsShown+3 || !strings.Contains(got, "92 more") || !strings.Contains(got, " 100 ") {
		t.Errorf("got\n%s", got)
	}
}

func TestWarnings(t *testing.T) {
	now := inspectClock()
	for _, test := range []struct {
		name string
		o    overview
		want string
	}{
		{"nothing", overview{}, ""},
		{"old snapshot, short log", overview{info: view.Info{Snapshot: view.SnapshotInfo{Present: true, Saved: now.Add(-48 * time.Hour)}}}, ""},
		{"old snapshot, long log", overview{info: view.Info{Snapshot: view.SnapshotInfo{Present: true, Saved: now.Add(-48 * time.Hour)}, Log: view.LogInfo{Bytes: 1 << 30}}},
			"the last checkpoint was 2d ago, and a restart replays 1.0 GiB"},
		{"no snapshot, long log", overview{info: view.Info{Log: view.LogInfo{Bytes: 1 << 30}}}, "there was no checkpoint yet"},
		{"free pages", overview{info: view.Info{Snapshot: view.SnapshotInfo{Present: true, Saved: now, FileBytes: 10 << 20, FreeBytes: 6 << 20}}}, "6.0 MiB of 10 MiB are free"},
		{"clock", overview{newest: uint64(now.Add(2*time.Hour).UnixMilli()) << 16}, "2h ahead"},
		{"no identity", overview{noNode: true}, "node.json: it is missing"},
		{"leftovers while running", overview{info: view.Info{Holder: "process 1"}, files: dirFiles{tmp: []namedFile{{name: "x.tmp"}}}}, ""},
		{"many leftovers", overview{files: dirFiles{tmp: make([]namedFile, 9)}}, "and 4 more like it"},
	} {
		test.o.now = now
		var all []string
		for _, w := range test.o.warnings() {
			all = append(all, w.String())
		}
		if got := strings.Join(all, "\n"); (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestRestartEstimate(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"in less than 0.1 s": 30 * time.Millisecond,
		"in about 0.5 s":     520 * time.Millisecond,
		"in about 1m10s":     70*time.Second + 5e8 - 1,
	} {
		if got := shownEstimate(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
	d := restartTime(&view.SnapshotInfo{Keys: 1e6, Bytes: 97e6}, &view.LogInfo{Operations: 1e6, Bytes: 130e6})
	if d < 100*time.Millisecond || d > 10*time.Second {
		t.Errorf("a million keys and a million operations: %v", d)
	}
}
