package engine

import (
	"bytes"
	"encoding/gob"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine/datadir"
)

func legacyBytes(t testing.TB, list []*legacyEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func legacyFile(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), datadir.SnapshotFile)
	if err := os.WriteFile(path, content, 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

// What the survey counts is what a start takes over.
func TestSurveyLegacy(t *testing.T) {
	now := time.Now()
	list := []*legacyEntry{
		{Key: "plain", Value: []byte("12345"), CreateTime: now.Add(-time.Hour)},
		{Key: "ttl", Value: []byte("2"), CreateTime: now.Add(-time.Hour), LifeTime: 2 * time.Hour},
		{Key: "over", Value: []byte("3"), CreateTime: now.Add(-time.Hour), LifeTime: time.Minute},
		{Key: "negative", Value: []byte("3"), CreateTime: now, LifeTime: -time.Minute},
		{Key: "", Value: []byte("no key"), CreateTime: now},
		{Key: strings.Repeat("k", MaxKeySize+1), CreateTime: now},
		{Key: strings.Repeat("k", MaxKeySize), CreateTime: now},
		{Key: "huge", Value: make([]byte, MaxValueSize+1), CreateTime: now},
	}
	path := legacyFile(t, legacyBytes(t, list))
	got, err := SurveyLegacy(path, now)
	if err != nil {
		t.Fatal(err)
	}
	want := &LegacySurvey{
		Entries: 8, Live: 3, Expiring: 1, Expired: 2,
		KeyBytes: 8 + MaxKeySize, ValueBytes: 6, LargestKey: MaxKeySize, LargestValue: 5,
		RefusedTotal: 3,
		Refused:      []LegacyRefusal{{"", 0, 6}, {strings.Repeat("k", 100), MaxKeySize + 1, 0}, {"huge", 4, MaxValueSize + 1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	s := startNode(t, filepath.Dir(path), Options{})
	if n := s.Stats().Recovery.Legacy; n != want.Live {
		t.Fatalf("a start takes over %d", n)
	}
	mustStop(t, s)
	if _, err := SurveyLegacy(path, now); !errors.Is(err, ErrNotLegacy) {
		t.Fatalf("of a snapshot: %v", err)
	}
	if _, err := SurveyLegacy(path+".missing", now); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("of no file: %v", err)
	}
}

// A file that ends too soon is damaged, wherever it ends, and the end is named.
func TestSurveyOfACutFile(t *testing.T) {
	whole := legacyBytes(t, []*legacyEntry{{Key: "a", Value: []byte("value"), CreateTime: time.Now()}, {Key: "b"}})
	for n := range whole {
		_, err := SurveyLegacy(legacyFile(t, whole[:n]), time.Now())
		var damage *CorruptError
		if !errors.As(err, &damage) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
		if told := damage.Offset == int64(n); !told && (n == 0 || n > 100) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func FuzzSurveyLegacy(f *testing.F) {
	f.Add([]byte{})
	f.Add(legacyBytes(f, nil))
	f.Add(legacyBytes(f, []*legacyEntry{{Key: "a", Value: []byte("value"), CreateTime: time.Unix(1, 0), LifeTime: 1}, {}}))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, datadir.SnapshotFile)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := SurveyLegacy(path, time.Now())
		var damage *CorruptError
		switch {
		case err == nil && s.Entries != s.Live+s.Expired+s.RefusedTotal:
			t.Fatalf("%+v", s)
		case err != nil && !errors.As(err, &damage) && !errors.Is(err, ErrNotLegacy):
			t.Fatal(err)
		}
	})
}
