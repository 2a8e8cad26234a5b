package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"owlcache/engine"
	"owlcache/engine/backup"
)

// A writer counts up in two keys with one commit, while checkpoints are made: every
// backup has both equal, and no less than was acknowledged before it began.
func TestBackupUnderLoad(t *testing.T) {
	path := t.TempDir()
	s := openStore(t, path)
	defer s.close()
	for i := range 500 {
		s.set(fmt.Sprintf("ballast-%d", i), fmt.Sprintf("%0200d", i))
	}
	var acknowledged atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		for n := int64(1); ctx.Err() == nil; n++ {
			v := strconv.AppendInt(nil, n, 10)
			if err := s.Commit([]engine.Op{
				{Kind: engine.Set, Key: []byte("left"), Value: v},
				{Kind: engine.Set, Key: fmt.Appendf(nil, "between-%d", n%1000), Value: v},
				{Kind: engine.Set, Key: []byte("right"), Value: v},
			}); err != nil {
				t.Error(err)
				return
			}
			acknowledged.Store(n)
		}
	})
	work.Go(func() {
		for ctx.Err() == nil {
			_ = s.Checkpoint(ctx) // it is refused while a backup reads the snapshot
		}
	})
	snapshots := map[uint64]bool{}
	for i := range 20 {
		least := acknowledged.Load()
		var b bytes.Buffer
		m, err := backup.Write(t.Context(), path, &b, backup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		snapshots[m.SnapshotLSN] = true
		most := acknowledged.Load() + 1
		target := filepath.Join(t.TempDir(), strconv.Itoa(i))
		if _, err := backup.Restore(t.Context(), &b, target, backup.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		all := content(t, target)
		left, right := all["left"], all["right"]
		n, _ := strconv.ParseInt("0"+left, 10, 64)
		if left != right || n < least || n > most || all["ballast-499"] == "" {
			t.Errorf("backup %d: %q and %q, %d was acknowledged before it and %d when it was done", i, left, right, least, most)
		}
		if n > 1000 && all[fmt.Sprintf("between-%d", n%1000)] != left {
			t.Errorf("backup %d: only a part of commit %d is there", i, n)
		}
	}
	stop()
	work.Wait()
	if acknowledged.Load() == 0 || len(snapshots) < 3 {
		t.Errorf("%d commits, %d checkpoints: that tests nothing", acknowledged.Load(), len(snapshots))
	}
}
