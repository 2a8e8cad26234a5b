package legacy

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

func legacyBytes(t testing.TB, list []*Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// legacyFile writes the file of a 0.5.1 node into dir.
func legacyFile(t testing.TB, dir string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, datadir.SnapshotFile)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func cutList() []*Entry {
	created := time.Now().UTC().Add(-time.Hour).Round(0)
	list := []*Entry{
		{Key: "ttl", Value: []byte("2"), CreateTime: created, LifeTime: 2 * time.Hour},
		{Key: "long", Value: []byte(strings.Repeat("v", 300)), CreateTime: created},
		{Key: "negative", Value: []byte("2"), CreateTime: created, LifeTime: -time.Minute},
		{},
	}
	for i := range 60 {
		list = append(list, &Entry{Key: fmt.Sprint("key", i), Value: []byte("v"), CreateTime: created})
	}
	return list
}

// What is read in front of a cut, wherever it is, is what was written.
func TestReadCut(t *testing.T) {
	list := cutList()
	whole := legacyBytes(t, list)
	most, dir := 0, t.TempDir()
	for n := range whole {
		var got []*Entry
		path := legacyFile(t, dir, whole[:n])
		total, err := ReadCut(path, func(kv *Entry) { got = append(got, kv) })
		if err != nil {
			if n > 200 {
				t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
			}
			continue
		}
		if total != int64(len(list)) || len(got) < most {
			t.Fatalf("%d of %d bytes: %d of %d", n, len(whole), len(got), total)
		}
		most = len(got)
		if d := cmp.Diff(list[:most], got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("%d of %d bytes: %s", n, len(whole), d)
		}
	}
	if most != len(list)-1 {
		t.Errorf("%d of %d", most, len(list))
	}
	if _, err := ReadCut(legacyFile(t, dir, whole), func(*Entry) {}); !errors.Is(err, errNotCut) {
		t.Errorf("the whole file: %v", err)
	}
}

func FuzzReadCut(f *testing.F) {
	whole := legacyBytes(f, cutList()[:6])
	f.Add(whole[:len(whole)-3])
	f.Add([]byte("\x02\xff\x83\xf8\xff\xff\xff\xff\xff\xff\xff\xff\x84\x00\x7f\x01\xf8\x7f"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, datadir.SnapshotFile)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		total, err := ReadCut(path, func(*Entry) { n++ })
		if err == nil && n >= total && total > 0 {
			t.Fatalf("%d of %d", n, total)
		}
	})
}

// A file that ends too soon is damaged, wherever it ends, and the end is named.
func TestSurveyOfACutFile(t *testing.T) {
	whole := legacyBytes(t, []*Entry{{Key: "a", Value: []byte("value"), CreateTime: time.Now()}, {Key: "b"}})
	dir := t.TempDir()
	for n := range whole {
		_, err := TakeSurvey(legacyFile(t, dir, whole[:n]), time.Now())
		var damage *format.CorruptError
		if !errors.As(err, &damage) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
		if told := damage.Offset == int64(n); !told && (n == 0 || n > 100) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func FuzzTakeSurvey(f *testing.F) {
	f.Add([]byte{})
	f.Add(legacyBytes(f, nil))
	f.Add(legacyBytes(f, []*Entry{{Key: "a", Value: []byte("value"), CreateTime: time.Unix(1, 0), LifeTime: 1}, {}}))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, datadir.SnapshotFile)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := TakeSurvey(path, time.Now())
		var damage *format.CorruptError
		switch {
		case err == nil && s.Entries != s.Live+s.Expired+s.RefusedTotal:
			t.Fatalf("%+v", s)
		case err != nil && !errors.As(err, &damage) && !errors.Is(err, ErrNotLegacy):
			t.Fatal(err)
		}
	})
}
