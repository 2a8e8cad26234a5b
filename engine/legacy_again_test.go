package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
)

func startError(dir string) error {
	_, err := tryNode(dir, Options{})
	return err
}

// An empty log beside a file of 0.5.1 is that of a start on an empty directory.
func TestTakeOverBesideAnEmptyLog(t *testing.T) {
	dir := t.TempDir()
	mustStop(t, startNode(t, dir, Options{}))
	writeLegacy(t, dir, []*legacy.Entry{{Key: "old", Value: []byte("1"), CreateTime: time.Now()}})
	wantValue(t, startNode(t, dir, Options{}), "old", "1")
}

// A checkpoint that finds the file of a 0.5.1 node says so.
func TestCheckpointOverALegacyFile(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	mustSet(t, s, "k", "v", 0)
	writeLegacy(t, s.dir.Path(), []*legacy.Entry{{Key: "old", CreateTime: time.Now()}})
	if err := s.checkpoint.fold(context.Background()); err == nil || !strings.Contains(err.Error(), "has run on this directory") {
		t.Errorf("%v", err)
	}
}

// Neither file gets a second name while one of the names is taken.
func TestTakeOverWithATakenName(t *testing.T) {
	for _, name := range []string{datadir.SnapshotFile, datadir.LegacyAuthFile} {
		dir := t.TempDir()
		writeLegacy(t, dir, nil)
		taken := filepath.Join(dir, name+datadir.LegacySuffix)
		if err := os.WriteFile(taken, []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := startError(dir); err == nil || !strings.Contains(err.Error(), taken+" exists already") {
			t.Errorf("%s: %v", name, err)
		}
		if kept, err := filepath.Glob(filepath.Join(dir, "*"+datadir.LegacySuffix)); err != nil || len(kept) != 1 {
			t.Errorf("%s: %v, %v", name, kept, err)
		}
	}
}
