package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/testdir"
	"owlcache/engine/repair"
	"owlcache/engine/view"
)

// A 0.5.1 node that runs on a directory of this version saves over the snapshot: what the
// log holds, or has held, must not be passed by.
func TestOldNodeRunsOnTheDirectory(t *testing.T) {
	old := []*legacy.Entry{{Key: "old", Value: []byte("1"), CreateTime: time.Now().Add(-time.Hour)}}
	for name, write := range map[string]func(s *testdir.Node){
		"records in the log":  func(s *testdir.Node) { testdir.MustSet(t, s, "k", "v", 0) },
		"records were folded": func(s *testdir.Node) { testdir.MustSet(t, s, "k", "v", 0); testdir.MustCheckpoint(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			testdir.WriteLegacy(t, dir, old)
			s := testdir.Start(t, dir, engine.Options{})
			write(s)
			testdir.MustStop(t, s)
			testdir.WriteLegacy(t, dir, old)
			for what, err := range map[string]error{
				"start":          startError(dir),
				"upgrade":        engine.CheckTakeOver(dir),
				"view":           viewError(dir),
				"second attempt": startError(dir),
			} {
				var damage *engine.CorruptError
				if !errors.As(err, &damage) || damage.Path != filepath.Join(dir, datadir.SnapshotFile) ||
					!strings.Contains(err.Error(), "a 0.5.1 node has run on this directory") || !strings.Contains(err.Error(), "owlcache repair --to NEWDIR") {
					t.Errorf("%s: %v", what, err)
				}
			}
			report := mustCheck(t, dir)
			if wrong := report.wrong(); report.Status != Fail || !strings.Contains(wrong[0].Text, "has run on this directory") || !strings.Contains(wrong[0].Mend, "stop the 0.5.1 node") {
				t.Errorf("check: %+v", wrong)
			}
			if b, err := os.ReadFile(filepath.Join(dir, datadir.SnapshotFile)); err != nil || !legacy.Is(b) {
				t.Errorf("the file was changed: %v", err)
			}
			fixed, got := testdir.Repaired(t, dir)
			if folded := name == "records were folded"; got["old"] != "1" || (got["k"] == "v") == folded || fixed.Complete == folded {
				t.Errorf("repaired: %v, %+v", got, fixed)
			}
		})
	}
}

func startError(dir string) error {
	_, err := testdir.Try(dir, engine.Options{})
	return err
}

func viewError(dir string) error {
	_, err := view.Open(context.Background(), dir, view.Options{})
	return err
}

// A link that leads nowhere is no directory without data.
func TestDanglingSnapshot(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("gone", filepath.Join(dir, datadir.SnapshotFile)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, checked := Run(ctx, dir, Options{})
	_, mended := repair.Run(ctx, repair.Options{Source: dir})
	_, surveyed := engine.SurveyLegacy(filepath.Join(dir, datadir.SnapshotFile), time.Now())
	for what, err := range map[string]error{"check": checked, "repair": mended, "survey": surveyed, "start": startError(dir)} {
		var damage *engine.CorruptError
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), "link to a file that is not there") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Start, check and repair say the same of a file that ends too soon, and repair takes what
// is whole.
func TestCutLegacyFile(t *testing.T) {
	whole := testdir.LegacyBytes(t, cutList())
	for name, c := range map[string]struct {
		content []byte
		reason  string
		keys    int
	}{
		"cut":           {whole[:len(whole)/2], "ends in the middle of its entries", 20},
		"no entry":      {whole[:115], "ends in the middle of its entries", 0},
		"empty":         {nil, "the file is empty", 0},
		"byte in front": {append([]byte{3}, whole[1:]...), "cannot be read", 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, datadir.SnapshotFile)
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			var damage *engine.CorruptError
			err := startError(dir)
			if !errors.As(err, &damage) || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), "wait for its next save") ||
				strings.Contains(err.Error(), "repair --to") != (c.keys > 0) {
				t.Fatalf("start: %v", err)
			}
			report := mustCheck(t, dir)
			if wrong := report.wrong(); len(wrong) != 1 || wrong[0].Text != damage.Reason || wrong[0].Mend != damage.Mend {
				t.Errorf("check: %+v", wrong)
			}
			if c.keys == 0 {
				if _, err := repair.Run(context.Background(), repair.Options{Source: dir, Target: filepath.Join(t.TempDir(), "new")}); !errors.As(err, &damage) {
					t.Errorf("repair: %v", err)
				}
				return
			}
			fixed, got := testdir.Repaired(t, dir)
			if fixed.Complete || !fixed.Snapshot.Legacy || fixed.Snapshot.Wanted != 64 || len(got) < c.keys || got["ttl"] != "2" {
				t.Errorf("repair: %d keys, %+v", len(got), fixed)
			}
		})
	}
}

func cutList() []*legacy.Entry {
	created := time.Now().UTC().Add(-time.Hour).Round(0)
	list := []*legacy.Entry{
		{Key: "ttl", Value: []byte("2"), CreateTime: created, LifeTime: 2 * time.Hour},
		{Key: "long", Value: []byte(strings.Repeat("v", 300)), CreateTime: created},
		{Key: "negative", Value: []byte("2"), CreateTime: created, LifeTime: -time.Minute},
		{},
	}
	for i := range 60 {
		list = append(list, &legacy.Entry{Key: fmt.Sprint("key", i), Value: []byte("v"), CreateTime: created})
	}
	return list
}
