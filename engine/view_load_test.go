package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"owlcache/engine/internal/snapshot"
	"owlcache/engine/view"
)

// TestViewUnderLoad reads while a writer commits the same number under two keys and
// checkpoints fold the log away: each View has both equal, and is not older than what
// was acknowledged before.
func TestViewUnderLoad(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{SegmentSize: 4 << 10, Sync: "no", compactAbove: 1})
	var (
		wg, folding sync.WaitGroup
		mu          sync.Mutex
		acked       int
		allow       = make(chan struct{}, 200) // so many writes during one View, at most
	)
	wg.Go(func() {
		n := 0
		for range allow {
			n++
			v := fmt.Appendf(nil, "%09d", n)
			if err := s.Commit([]Op{{Kind: Set, Key: []byte("a"), Value: v}, {Kind: Set, Key: []byte("z"), Value: v}}); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			acked = n
			mu.Unlock()
		}
	})
	for i := range 200 {
		if i%4 == 0 {
			folding.Wait()
			folding.Go(func() {
				if err := s.Checkpoint(context.Background()); err != nil && !errors.Is(err, snapshot.ErrBusy) {
					t.Error(err)
				}
			})
			time.Sleep(rand.N(3 * time.Millisecond)) // so that each part of it meets a View
		}
		for len(allow) < cap(allow) {
			allow <- struct{}{}
		}
		mu.Lock()
		least := fmt.Sprintf("%09d", acked)
		mu.Unlock()
		list := viewed(t, s.dir.Path(), view.Options{}, nil)
		if least > "000000000" && (len(list) != 2 || !bytes.Equal(list[0].Value, list[1].Value) || string(list[0].Value) < least) {
			t.Errorf("%v, want %s at least", list, least)
			break
		}
	}
	close(allow)
	wg.Wait()
	folding.Wait()
	if s.Stats().Checkpoint.Done < 10 {
		t.Errorf("%+v", s.Stats().Checkpoint)
	}
}
