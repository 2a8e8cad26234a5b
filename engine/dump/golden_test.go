package dump

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"owlcache/engine"
)

var update = flag.Bool("update", false, "write the golden file anew")

// goldenEntries are sorted by key.
func goldenEntries() []engine.Entry {
	created := time.Date(2026, 11, 22, 10, 50, 17, 123456789, time.UTC)
	entry := func(key, value string) engine.Entry {
		return engine.Entry{Key: []byte(key), Value: []byte(value), Created: created.UnixNano()}
	}
	list := []engine.Entry{
		entry("\x00", "a NUL as key"),
		entry("controls", "\x00\x01\b\t\n\v\f\r\x1b\x1f\x7f\u0080\u009b\u009f\u00a0"),
		entry("empty", ""),
		entry("expiring", "soon"),
		entry("in 10889", "far"),
		entry("json", `{"a":"b\\c/d"}`),
		entry("markup", "<a href='x'>&amp;</a>"),
		entry("midnight", ""),
		entry("not text", "\xff\xfe\x00"),
		entry("truncated", "Gr\u00fc\u00dfe \xe2\x82"),
		entry("unicode", "Gr\u00fc\u00dfe, \u65e5\u672c, \u2028\u2029, \ufffd, \U0001f989, \U0010ffff"),
		entry("\xc3", "half a character as key"),
		entry("\u00fcml\u00e4ut", "text"),
		entry("\xed\xa0\x80", "a surrogate as key"),
	}
	list[3].Expires = created.UnixMilli() + 60_000
	list[4].Expires = maxExpires
	list[7].Created = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	list[7].Expires = time.Date(2028, 2, 29, 23, 59, 59, 999e6, time.UTC).UnixMilli()
	return list
}

func TestGolden(t *testing.T) {
	var got []byte
	list := goldenEntries()
	for i := range list {
		got = appendLine(got, &list[i])
	}
	path := filepath.Join("testdata", "entries.ndjson")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	for i, line := range bytes.Split(bytes.TrimSuffix(want, []byte("\n")), []byte("\n")) {
		var e engine.Entry
		if err := decodeLine(line, &e); err != nil {
			t.Errorf("line %d: %v", i+1, err)
			continue
		}
		if !same(&e, &list[i]) {
			t.Errorf("line %d: %+v, want %+v", i+1, e, list[i])
		}
	}
}

func same(a, b *engine.Entry) bool {
	return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) && a.Created == b.Created && a.Expires == b.Expires
}
