package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/wal/crashfs"
)

func TestFeedCarriesWholeEntries(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	sub := s.Subscribe(1 << 20)
	mustSet(t, s, "k", "v", 0)
	at := inFuture()
	if _, err := s.Expire([]byte("k"), at); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete([]byte("k")); err != nil {
		t.Fatal(err)
	}
	var got []Change
	for len(got) < 3 {
		c, ok := sub.Next(context.Background())
		if !ok {
			t.Fatal("the feed ended")
		}
		got = append(got, c...)
	}
	for i, want := range []struct {
		kind    Kind
		value   string
		expires int64
	}{{Set, "v", 0}, {Expire, "v", at}, {Delete, "", 0}} {
		if c := got[i]; c.Kind != want.kind || string(c.Value) != want.value || c.Expires != want.expires || string(c.Key) != "k" {
			t.Errorf("change %d: %+v", i, c)
		}
		if i > 0 && got[i].Version.Compare(got[i-1].Version) <= 0 {
			t.Errorf("change %d is out of order", i)
		}
	}
	sub.Close()
	if _, ok := sub.Next(context.Background()); ok {
		t.Error("a closed subscription goes on")
	}
}

func TestSlowSubscriberLosesAndIsTold(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	sub := s.Subscribe(1000)
	for i := range 100 {
		mustSet(t, s, fmt.Sprint("k", i), strings.Repeat("v", 50), 0)
	}
	changes, _ := sub.Next(context.Background())
	if n := uint64(len(changes)); n == 0 || n+sub.Lost() != 100 || s.Stats().FeedLost != sub.Lost() {
		t.Fatalf("%d fetched, %d lost", n, sub.Lost())
	}
	sub.Close()
	if s.Stats().FeedLost == 0 {
		t.Fatal("the losses of a closed subscription are forgotten")
	}
}

// TestSubscriberGetsWhatFitsOfABatch: of one commit that is too large for a subscriber,
// it gets what there is room for, in order, and another one gets all.
func TestSubscriberGetsWhatFitsOfABatch(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	small, large := s.Subscribe(1000), s.Subscribe(1<<20)
	defer small.Close()
	defer large.Close()
	ops := make([]Op, 20)
	for i := range ops {
		ops[i] = Op{Kind: Set, Key: fmt.Appendf(nil, "k%02d", i), Value: make([]byte, i%4*200)}
	}
	for range 2 {
		if err := s.Commit(ops); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := large.Next(context.Background())
	some, _ := small.Next(context.Background())
	if len(all) != 40 || large.Lost() != 0 || len(some) == 0 || uint64(len(some))+small.Lost() != 40 {
		t.Fatalf("%d of %d; %d, %d lost", len(some), len(all), large.Lost(), small.Lost())
	}
	size := int64(0)
	for i, c := range some {
		if size += c.size(); i > 0 && c.Version.Compare(some[i-1].Version) <= 0 {
			t.Fatalf("change %d is out of order", i)
		}
	}
	if size > 1000 {
		t.Fatalf("%d bytes are queued", size)
	}
	for i, c := range all {
		if op := ops[i%20]; string(c.Key) != string(op.Key) || len(c.Value) != len(op.Value) {
			t.Fatalf("change %d is %s", i, c.Key)
		}
	}
	mustSet(t, s, "next", "v", 0) // there is room again
	if some, _ = small.Next(context.Background()); len(some) != 1 || string(some[0].Key) != "next" {
		t.Fatalf("%+v", some)
	}
}

func TestFeedCarriesTheValueOfWhatExpires(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	sub := s.Subscribe(1 << 20)
	defer sub.Close()
	mustSet(t, s, "k", "value", 0)
	if _, err := s.Expire([]byte("k"), time.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	var got []Change
	for len(got) < 2 {
		c, ok := sub.Next(context.Background())
		if !ok {
			t.Fatal("the feed has ended")
		}
		got = append(got, c...)
	}
	if string(got[1].Value) != "value" {
		t.Fatalf("%+v", got[1])
	}
}

func TestSubscribeAfterClose(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	mustStop(t, s)
	if _, ok := s.Subscribe(10).Next(context.Background()); ok {
		t.Fatal("a closed store has changes")
	}
}

// TestFeedCarriesTheValueOfTheMoment: an Expire has the value that it found, also if the
// same commit replaces that.
func TestFeedCarriesTheValueOfTheMoment(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	mustSet(t, s, "k", "old", 0)
	sub := s.Subscribe(1 << 20)
	defer sub.Close()
	k := []byte("k")
	if err := s.Commit([]Op{{Kind: Expire, Key: k, Expires: inFuture()}, {Kind: Set, Key: k, Value: []byte("new")}}); err != nil {
		t.Fatal(err)
	}
	got, _ := sub.Next(context.Background())
	if len(got) != 2 || string(got[0].Value) != "old" || string(got[1].Value) != "new" {
		t.Fatalf("%+v", got)
	}
}

// TestFeedHasNoMergedEntries: also if they are in one batch with local writes.
func TestFeedHasNoMergedEntries(t *testing.T) {
	fs := crashfs.New()
	s := startNode(t, t.TempDir(), Options{logFS: fs})
	sub := s.Subscribe(1 << 20)
	defer sub.Close()
	gate, entered := make(chan struct{}), make(chan struct{}, 100)
	fs.Inject = func(op crashfs.Op) error {
		if op.Kind == crashfs.Write {
			entered <- struct{}{}
			<-gate
		}
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = s.Set([]byte("first"), nil, 0) }) // holds the committer
	<-entered
	wg.Go(func() { _, _ = s.Set([]byte("second"), nil, 0) })
	wg.Go(func() {
		if m, err := s.Merge([]Entry{{Key: []byte("merged"), Version: Version{Time: 1}}}); err != nil || m.Taken != 1 {
			t.Errorf("%+v, %v", m, err)
		}
	})
	waitUntil(t, func() bool { return len(s.committer.queue) == 2 })
	close(gate)
	wg.Wait()
	got, _ := sub.Next(context.Background())
	if len(got) != 2 || string(got[0].Key) != "first" || string(got[1].Key) != "second" {
		t.Fatalf("%+v", got)
	}
}

// Each change tells which local write came before it, whether anybody listened to that or
// not, and all of them are behind the start.
func TestChangesAreAChain(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	start := s.Recovered().Start
	if s.Applied() != start || start == 0 {
		t.Fatalf("applied %d, start %d", s.Applied(), start)
	}
	first, err := s.Set([]byte("k"), []byte("1"), 0) // nobody listens
	if err != nil {
		t.Fatal(err)
	}
	if s.Applied() != first.Version.Time || first.Version.Time <= start {
		t.Fatalf("applied %d behind a write of %d, start %d", s.Applied(), first.Version.Time, start)
	}
	sub := s.Subscribe(1 << 20)
	defer sub.Close()
	if _, err := s.Merge([]Entry{{Key: []byte("other"), Version: Version{Time: 1 << 20, Node: 9}}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Set([]byte("k"), []byte("2"), 0); err != nil {
			t.Fatal(err)
		}
	}
	before := first.Version.Time
	for n := 0; n < 3; {
		changes, ok := sub.Next(t.Context())
		if !ok {
			t.Fatal("no changes")
		}
		for _, c := range changes {
			if c.Before != before {
				t.Errorf("change %d is behind %d, want %d", n, c.Before, before)
			}
			before = c.Version.Time
			n++
		}
	}
	if s.Applied() != before {
		t.Errorf("applied %d, want %d", s.Applied(), before)
	}
}
