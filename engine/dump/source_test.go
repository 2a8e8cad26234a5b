package dump

import (
	"bytes"
	"compress/gzip"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

func TestSources(t *testing.T) {
	text := lines(entry("a", "1"), entry("b", "2"))
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{g, z} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"plain": text, "gzip": gz.String(), "zstd": zs.String(),
		"no line end": strings.TrimSuffix(text, "\n"), "empty lines": "\n \n" + text + "\n\n", "CRLF": strings.ReplaceAll(text, "\n", "\r\n"),
	} {
		dir := t.TempDir()
		if report, err := imported(t, dir, content, ImportOptions{}, false); err != nil || report.Written != 2 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		if got := exported(t, dir, ExportOptions{}); got != text {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, content := range map[string]string{
		"broken gzip": gz.String()[:gz.Len()-3], "broken zstd": zs.String()[:zs.Len()-3], "cut": text[:len(text)-3],
	} {
		src, err := NewSource(strings.NewReader(content))
		if err == nil {
			_, err = Import(t.Context(), src, ImportOptions{})
			src.Close()
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if report, err := imported(t, t.TempDir(), "", ImportOptions{}, false); err != nil || report != (ImportReport{Unit: "line"}) {
		t.Errorf("nothing: %+v, %v", report, err)
	}
	snapshot, err := os.ReadFile(snapshotOf(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSource(bytes.NewReader(snapshot)); err == nil || !strings.Contains(err.Error(), "snapshot") {
		t.Errorf("a snapshot: %v", err)
	}
}

func snapshotOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := within(t, dir, func(s *engine.Store) error {
		if _, err := s.Set([]byte("k"), nil, 0); err != nil {
			return err
		}
		return s.Checkpoint(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, datadir.SnapshotFile)
}

func TestImportOfALegacyFile(t *testing.T) {
	type KvStore struct { // the name and fields that a 0.5.1 node writes
		Key        string
		Value      []byte
		LifeTime   time.Duration
		CreateTime time.Time
	}
	created := time.Now().Add(-time.Hour).Round(time.Millisecond)
	old := []*KvStore{
		{Key: "plain", Value: []byte("one"), CreateTime: created},
		{Key: "expiring", Value: []byte("two"), LifeTime: 2 * time.Hour, CreateTime: created},
		{Key: "expired", Value: []byte("three"), LifeTime: time.Second, CreateTime: created},
		{Key: "", Value: []byte("four"), CreateTime: created},
		{Key: "undated", Value: []byte("\xff")},
		{Key: strings.Repeat("k", engine.MaxKeySize+1), CreateTime: created},
	}
	var file bytes.Buffer
	if err := gob.NewEncoder(&file).Encode(&old); err != nil {
		t.Fatal(err)
	}
	want := lines(
		engine.Entry{Key: []byte("expiring"), Value: []byte("two"), Created: created.UnixNano(), Expires: created.Add(2 * time.Hour).UnixMilli()},
		engine.Entry{Key: []byte("plain"), Value: []byte("one"), Created: created.UnixNano()},
		engine.Entry{Key: []byte("undated"), Value: []byte("\xff"), Created: 1},
	)
	dir := t.TempDir()
	var left []int64
	report, err := imported(t, dir, file.String(), ImportOptions{LeftOut: func(e *LineError) { left = append(left, e.Line) }}, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ImportReport{Unit: "entry", Last: 6, Entries: 6, Expired: 1, LeftOut: 2, Stored: Stored{Written: 3, Bytes: 27}}); report != want {
		t.Errorf("%+v, want %+v", report, want)
	}
	if fmt.Sprint(left) != "[4 6]" {
		t.Errorf("left out: %v", left)
	}
	if got := exported(t, dir, ExportOptions{}); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, cut := range []int{200, file.Len() - 1} {
		if _, err := imported(t, t.TempDir(), file.String()[:cut], ImportOptions{}, false); err == nil || !strings.Contains(err.Error(), "0.5.1") {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

// FuzzImport reads whatever a file may hold: it ends, and says how far it came.
func FuzzImport(f *testing.F) {
	text := lines(entry("a", "1"), entry("b", "2")) + "\n" + lines(entry("\xff", "\x00"))
	f.Add([]byte(text))
	f.Add([]byte(text + `{"key":"c"`))
	var gz, gobbed bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, err := io.WriteString(g, text)
	type KvStore struct {
		Key        string
		Value      []byte
		LifeTime   time.Duration
		CreateTime time.Time
	}
	err = errors.Join(err, g.Close(), gob.NewEncoder(&gobbed).Encode([]*KvStore{{Key: "a"}, {Key: "", LifeTime: 1}}))
	z, zerr := zstd.NewWriter(nil)
	if err := errors.Join(err, zerr); err != nil {
		f.Fatal(err)
	}
	f.Add(gz.Bytes())
	f.Add(z.EncodeAll([]byte(text), nil))
	f.Add(gobbed.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		src, err := NewSource(bytes.NewReader(content))
		if err != nil {
			return
		}
		defer src.Close()
		got := collector{}
		report, err := Import(t.Context(), src, ImportOptions{Open: got.open})
		if report.Written != int64(len(got.keys)) || report.Entries != report.Written+report.Expired+report.LeftOut {
			t.Fatalf("%+v, %d entries", report, len(got.keys))
		}
		var line *LineError
		if errors.As(err, &line) && line.Line <= report.Last {
			t.Fatalf("%v, but %+v", err, report)
		}
	})
}
