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
	"owlcache/engine/internal/legacy"
)

func legacyBytes(t testing.TB, list []*legacy.Entry) []byte {
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
	list := []*legacy.Entry{
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
		Refused:      []legacy.Refusal{{ValueSize: 6}, {Key: strings.Repeat("k", 100), KeySize: MaxKeySize + 1}, {Key: "huge", KeySize: 4, ValueSize: MaxValueSize + 1}},
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
