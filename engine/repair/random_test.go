package repair_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/testdir"
	"owlcache/engine/repair"
)

// TestRepairRandomDamage changes bytes anywhere: what is saved was written once, and
// a report that says complete is right.
func TestRepairRandomDamage(t *testing.T) {
	p := testdir.NewPatient(t)
	rnd := rand.New(rand.NewPCG(11, 13))
	var names []string
	for name := range p.Files {
		if len(p.Files[name]) > 0 && name != datadir.LockFile {
			names = append(names, name)
		}
	}
	names = append(names, datadir.SnapshotFile, datadir.SnapshotFile)
	total, rounds := 0, 300
	if heavy {
		rounds = 3000
	}
	for round := range rounds {
		change := map[string][]byte{}
		places := 1
		if round%3 == 0 {
			places = 1 + rnd.IntN(8)
		}
		what := ""
		for range places {
			name := names[rnd.IntN(len(names))]
			b := change[name]
			if b == nil {
				b = bytes.Clone(p.Files[name])
			}
			at := rnd.IntN(len(b))
			b[at] ^= byte(1 + rnd.IntN(255))
			change[name] = b
			what += fmt.Sprintf("%s at %d, ", name, at)
		}
		dir := p.Copy(t, change)
		report, got := testdir.Repaired(t, dir)
		wrong := p.Compare(t, what, report, got)
		if total += len(wrong); places == 1 && len(wrong) > 1 {
			t.Errorf("%s: %d wrong: %v\n%+v\n%v", what, len(wrong), wrong, report.Damage, report.Keys)
		}
	}
	t.Logf("%d keys were not as they were", total)
}

// FuzzRepairSnapshot repairs a directory whose snapshot is arbitrary bytes: no panic,
// no endless walk, and no entry that the bytes do not hold.
func FuzzRepairSnapshot(f *testing.F) {
	b := testdir.SmallPages(f)
	f.Add(b)
	for _, at := range []int{pages.HeaderSize + 20, 2*pages.MinPageSize + 10, 3*pages.MinPageSize + 9, 4*pages.MinPageSize + pages.HeaderSize + 4} {
		f.Add(testdir.Flipped(b, at))
	}
	many := bytes.Clone(b) // more elements than a page has room for
	for at := 2 * pages.MinPageSize; at < len(many); at += pages.MinPageSize {
		copy(many[at+8:], "\x07\x00\x00\x10")
		copy(many[at+pages.HeaderSize+4:], "\x00\x00\x01\x00")
	}
	f.Add(many)
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, datadir.SnapshotFile), b, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := repair.Run(context.Background(), repair.Options{Source: dir})
		var damage *engine.CorruptError
		switch {
		case errors.As(err, &damage) && damage.Mend != "":
			return // what is left of the file of a 0.5.1 node holds no entry that is whole
		case err != nil:
			t.Fatal(err)
		}
		if report.Kept.Bytes > int64(len(b)) && !report.Snapshot.Legacy {
			t.Fatalf("%d bytes of keys and values in %d", report.Kept.Bytes, len(b))
		}
	})
}
