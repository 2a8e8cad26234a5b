package group

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestFailuresEndWithAnOutage: what a member failed to answer before it was well again is
// asked once more, however long answers are kept.
func TestFailuresEndWithAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		fake := &fakeAsker{answer: func(_ context.Context, key string) (ask.Reply, error) {
			switch {
			case strings.HasPrefix(key, "late"):
				<-release
				return ask.Reply{}, ask.ErrNoNode
			case strings.HasPrefix(key, "bad"):
				return ask.Reply{}, ask.ErrNoNode
			}
			return ask.Reply{}, nil
		}}
		g := startGroup(t, Options{CacheLifetime: time.Hour, Options: ask.Options{RequestTimeout: time.Hour}}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		asks := func(key string, want int64) {
			t.Helper()
			before := fake.asked.Load()
			g.Query(t.Context(), []byte(key), "")
			if n := fake.asked.Load() - before; n != want {
				t.Errorf("%s is asked for %d times, want %d", key, n, want)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			g.Query(context.Background(), []byte("late"), "")
		}()
		synctest.Wait()
		for i := range ask.FailuresToTrip {
			asks(fmt.Sprint("bad", i), 1)
		}
		if s := g.Status()[0]; s.State != stateDown {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := g.Status()[0]; s.State != stateUp {
			t.Errorf("%+v", s)
		}
		asks("bad0", 1)
		asks("bad0", 0)
		close(release) // a question of before the outage ends now
		<-done
		asks("good", 1) // whatever was counted in a row
		asks("late", 1)
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestOwnFaultsAreNotKept: what this node could not ask says nothing of the key.
func TestOwnFaultsAreNotKept(t *testing.T) {
	for _, err := range []error{ask.ErrBusy, ask.Unsent(ask.ErrBusy), ask.ErrGone} {
		fake := &fakeAsker{answer: func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, err }}
		g := startGroup(t, Options{CacheLifetime: time.Hour}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		for range 5 {
			g.Query(t.Context(), []byte("k"), "")
		}
		if n := fake.asked.Load(); n != 5 {
			t.Errorf("%v: asked %d times", err, n)
		}
	}
}

// TestAnswerThatHasJustCome: between the look at the cache and the joining of a question
// its answer may come, and is not asked for again.
func TestAnswerThatHasJustCome(t *testing.T) {
	fake := &fakeAsker{answer: hasNothing}
	g := startGroup(t, Options{}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
	m := g.members().members[0]
	g.cache.put("k", slot{member: m, outcome: present, value: []byte("v"), created: asktest.At(1)})
	var known slot
	if f, isNew := m.join("k", &known); f != nil || isNew || known.outcome != present || string(known.value) != "v" {
		t.Errorf("%v, %v, %+v", f, isNew, known)
	}
	if m.hits.Load() != 1 || g.flying.Load() != 0 {
		t.Errorf("%d hits, %d questions under way", m.hits.Load(), g.flying.Load())
	}
}

// TestAllFlightsAreBounded: together the members are not asked more than so many
// questions at once.
func TestAllFlightsAreBounded(t *testing.T) {
	fake := &fakeAsker{answer: has("v", asktest.At(1))}
	g := startGroup(t, Options{CacheLifetime: -1}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
	for _, tt := range []struct{ flying, answers int }{{maxFlights, 0}, {maxFlights - 1, 1}, {0, 1}} {
		g.flying.Store(int64(tt.flying))
		if got, _ := g.Query(t.Context(), []byte("k"), ""); len(got) != tt.answers {
			t.Errorf("with %d questions under way: %v", tt.flying, texts(got))
		}
		if n := g.flying.Load(); n != int64(tt.flying) {
			t.Errorf("%d questions are counted, want %d", n, tt.flying)
		}
	}
}

// TestAskTime: a question ends before the query that waits for it.
func TestAskTime(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{
		ask.DefaultRequestTimeout: ask.DefaultRequestTimeout - maxMargin,
		time.Hour:                 time.Hour - maxMargin,
		100 * time.Millisecond:    90 * time.Millisecond,
		time.Millisecond:          900 * time.Microsecond,
	} {
		if got := askTime(limit); got != want || got >= limit {
			t.Errorf("%v of %v, want %v", got, limit, want)
		}
	}
}

// TestAnswersOfOneKeyThatDoNotFit: they are no reason to exceed the limit.
func TestAnswersOfOneKeyThatDoNotFit(t *testing.T) {
	members := cacheMembers(t)
	c := newAnswerCache(10_000, time.Hour)
	for _, m := range members {
		c.put("k", slot{member: m, outcome: present, value: make([]byte, 6000)})
		if n := c.bytes.Load(); n > c.limit {
			t.Errorf("%d bytes", n)
		}
	}
	if kept(c, "k", members[1]) || checkBytes(t, c) != 0 {
		t.Error("what does not fit is kept")
	}
}
