package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
)

// A 0.5.1 node that runs on a directory of this version saves over the snapshot: what the
// log holds, or has held, must not be passed by.
func TestOldNodeRunsOnTheDirectory(t *testing.T) {
	old := []*legacy.Entry{{Key: "old", Value: []byte("1"), CreateTime: time.Now().Add(-time.Hour)}}
	for name, write := range map[string]func(s *node){
		"records in the log":  func(s *node) { mustSet(t, s, "k", "v", 0) },
		"records were folded": func(s *node) { mustSet(t, s, "k", "v", 0); mustCheckpoint(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeLegacy(t, dir, old)
			s := startNode(t, dir, Options{})
			write(s)
			mustStop(t, s)
			writeLegacy(t, dir, old)
			for what, err := range map[string]error{
				"start":          startError(dir),
				"upgrade":        CheckTakeOver(dir),
				"view":           viewError(dir),
				"second attempt": startError(dir),
			} {
				var damage *CorruptError
				if !errors.As(err, &damage) || damage.Path != filepath.Join(dir, datadir.SnapshotFile) ||
					!strings.Contains(err.Error(), "a 0.5.1 node has run on this directory") || !strings.Contains(err.Error(), "owlcache repair --to NEWDIR") {
					t.Errorf("%s: %v", what, err)
				}
			}
			report := mustCheck(t, dir)
			if wrong := report.wrong(); report.Status != CheckFail || !strings.Contains(wrong[0].Text, "has run on this directory") || !strings.Contains(wrong[0].Mend, "stop the 0.5.1 node") {
				t.Errorf("check: %+v", wrong)
			}
			if b, err := os.ReadFile(filepath.Join(dir, datadir.SnapshotFile)); err != nil || !legacy.Is(b) {
				t.Errorf("the file was changed: %v", err)
			}
			fixed, got := repaired(t, dir)
			if folded := name == "records were folded"; got["old"] != "1" || (got["k"] == "v") == folded || fixed.Complete == folded {
				t.Errorf("repaired: %v, %+v", got, fixed)
			}
		})
	}
}

func startError(dir string) error {
	_, err := tryNode(dir, Options{})
	return err
}

func viewError(dir string) error {
	_, err := OpenView(context.Background(), dir, ViewOptions{})
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

// A link that leads nowhere is no directory without data.
func TestDanglingSnapshot(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("gone", filepath.Join(dir, datadir.SnapshotFile)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, checked := Check(ctx, dir, CheckOptions{})
	_, mended := Repair(ctx, RepairOptions{Source: dir})
	_, surveyed := SurveyLegacy(filepath.Join(dir, datadir.SnapshotFile), time.Now())
	for what, err := range map[string]error{"check": checked, "repair": mended, "survey": surveyed, "start": startError(dir)} {
		var damage *CorruptError
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), "link to a file that is not there") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
