package backup_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine/backup"
	"owlcache/engine/datadir"
)

// The bytes of this archive are the format 1: every later version must restore them.
func TestGoldenArchive(t *testing.T) {
	path, r := restore(t, read(t, "testdata/backup-v1.tar.zst"), backup.RestoreOptions{})
	m := *r.Manifest
	m.Version, m.Taken, m.Files = "", time.Time{}, m.Files[:1]
	want := backup.Manifest{
		Format: 1, NodeID: "06e497e41a6479a4", SnapshotLSN: 3, LastLSN: 7,
		Counts: backup.Counts{Keys: 10, Expired: 1, Tombstones: 2, Bytes: 3339},
		Files:  []backup.File{{Name: datadir.NodeFile, Size: int64(len(tree(t, path)[datadir.NodeFile])), SHA256: sum(read(t, path+"/node.json"))}},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if all := content(t, path); len(all) != 10 || all["user:1"] != "Ada Lovelace" || all["grüße"] != "世界" {
		t.Errorf("%d entries: %q", len(all), all)
	}
}
