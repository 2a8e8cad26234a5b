package repair

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
)

// TestUnfinishedSnapshotHasNoName cancels the writing of a snapshot: nothing has its name then.
func TestUnfinishedSnapshotHasNoName(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		ctx  context.Context
		want error // of writing
		name error // of looking for the file
	}{
		{context.Background(), nil, nil},
		{cancelled, context.Canceled, fs.ErrNotExist},
	} {
		dir, err := datadir.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		r := &repairer{ctx: tt.ctx, table: memory.New()}
		for i := range 10 {
			r.apply(&format.Record{Kind: format.RecordSet, Entry: format.Entry{Key: fmt.Append(nil, i), Version: format.Version{Time: 1, Node: 1}}})
		}
		if err := writeData(r, dir); !errors.Is(err, tt.want) {
			t.Errorf("%v, want %v", err, tt.want)
		}
		if _, err := os.Stat(dir.File(datadir.SnapshotFile)); !errors.Is(err, tt.name) {
			t.Errorf("after %v: %v", tt.want, err)
		}
		if err := dir.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
