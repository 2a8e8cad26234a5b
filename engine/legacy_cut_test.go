package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
)

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

// Start, check and repair say the same of a file that ends too soon, and repair takes what
// is whole.
func TestCutLegacyFile(t *testing.T) {
	whole := legacyBytes(t, cutList())
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
			var damage *CorruptError
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
				if _, err := Repair(context.Background(), RepairOptions{Source: dir, Target: filepath.Join(t.TempDir(), "new")}); !errors.As(err, &damage) {
					t.Errorf("repair: %v", err)
				}
				return
			}
			fixed, got := repaired(t, dir)
			if fixed.Complete || !fixed.Snapshot.Legacy || fixed.Snapshot.Wanted != 64 || len(got) < c.keys || got["ttl"] != "2" {
				t.Errorf("repair: %d keys, %+v", len(got), fixed)
			}
		})
	}
}
