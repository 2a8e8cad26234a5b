package group

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestReach: a query says how many nodes it was for and how many have answered, asked now
// or before.
func TestReach(t *testing.T) {
	fails := func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, ask.ErrNoNode }
	slow := func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, errTimeout(time.Second) }
	fakes := map[string]*fakeAsker{"has:1": {answer: has("v", asktest.At(1))}, "has-not:1": {answer: hasNothing}, "fails:1": {answer: fails}, "slow:1": {answer: slow}}
	for _, tt := range []struct {
		list   []string
		target string
		want   Reach
	}{
		{nil, "", Reach{1, 1}},
		{[]string{"self:1"}, "", Reach{1, 1}},
		{[]string{"has:1"}, "", Reach{2, 2}},
		{[]string{"has:1", "self:1", "has-not:1"}, "", Reach{3, 3}},
		{[]string{"has:1", "fails:1"}, "", Reach{3, 2}},
		{[]string{"slow:1", "has-not:1", "fails:1"}, "", Reach{4, 2}},
		{[]string{"has:1", "fails:1"}, "self:1", Reach{1, 1}},
		{[]string{"has:1", "fails:1"}, "has:1", Reach{1, 1}},
		{[]string{"has-not:1"}, "has-not:1", Reach{1, 1}},
		{[]string{"has:1", "fails:1"}, "fails:1", Reach{1, 0}},
		{[]string{"has:1"}, "nobody:1", Reach{0, 0}},
	} {
		for _, lifetime := range []time.Duration{time.Hour, -1} {
			g := startGroup(t, Options{Self: []string{"self:1"}, CacheLifetime: lifetime}, listOf(tt.list...), dialer(t, fakes))
			for i := range 5 { // then a member is down, or its answer is kept
				if _, got := g.Query(t.Context(), []byte("k"), tt.target); got != tt.want {
					t.Errorf("%v, target %q, query %d: %+v, want %+v", tt.list, tt.target, i, got, tt.want)
				}
				if _, _, got, _ := g.Newest(t.Context(), nil, []byte("k"), tt.target); got != tt.want {
					t.Errorf("%v, target %q, newest %d: %+v, want %+v", tt.list, tt.target, i, got, tt.want)
				}
			}
		}
	}
}

// TestReachOfMemberThatGoesDown: what it has said before is an answer as long as it is kept.
func TestReachOfMemberThatGoesDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		fake := &fakeAsker{answer: func(context.Context, string) (ask.Reply, error) {
			if down.Load() {
				return ask.Reply{}, errTimeout(time.Second)
			}
			return ask.Reply{Found: true, Value: []byte("v"), Created: asktest.At(1)}, nil
		}}
		g := startGroup(t, Options{CacheLifetime: time.Minute}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		want := func(key string, want Reach) {
			t.Helper()
			_, ofQuery := g.Query(t.Context(), []byte(key), "")
			if _, _, got, _ := g.Newest(t.Context(), nil, []byte(key), ""); got != want || ofQuery != want {
				t.Errorf("%s: %+v and %+v, want %+v", key, got, ofQuery, want)
			}
		}
		want("k", Reach{2, 2})
		down.Store(true)
		want("other", Reach{2, 1})
		want("k", Reach{2, 2})
		time.Sleep(time.Minute)
		want("k", Reach{2, 1})
		down.Store(false)
		time.Sleep(time.Minute)
		want("k", Reach{2, 2})
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}
