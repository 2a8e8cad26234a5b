package group

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/cluster"
	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestResultsAreNotShared: what a query returns does not change with the next one.
func TestResultsAreNotShared(t *testing.T) {
	n := asktest.StartNode(t, map[string]asktest.Entry{"a": {Value: "first", Created: "2026-11-22 10:50:17 +0000 UTC"}, "b": {Value: "other", Created: "2026-11-22 10:50:17 +0000 UTC"}})
	g := startGroup(t, Options{CacheLifetime: -1}, listOf(n.Addr), overHTTP)
	first, _ := g.Query(t.Context(), []byte("a"), "")
	for range 10 {
		g.Query(t.Context(), []byte("b"), "")
	}
	if string(first[0].Value) != "first" {
		t.Errorf("the value has become %q", first[0].Value)
	}
	key := []byte("a")
	value, _, _, _ := g.Newest(t.Context(), nil, key, "")
	copy(value, "XXXXX")
	if v, _, _, _ := g.Newest(t.Context(), nil, key, ""); string(v) != "first" {
		t.Errorf("the value has become %q", v)
	}
}

// TestOneRequest: however many ask at once, a member sees one question.
func TestOneRequest(t *testing.T) {
	for _, have := range []bool{true, false} {
		nodes := []*asktest.Node{}
		list := []string{}
		for range 3 {
			entries := map[string]asktest.Entry{}
			if have {
				entries["k"] = asktest.Entry{Value: "v", Created: "2026-11-22 10:50:17.5 +0000 UTC m=+1.5"}
			}
			n := asktest.StartNode(t, entries)
			nodes, list = append(nodes, n), append(list, n.Addr)
		}
		g := startGroup(t, Options{CacheLifetime: time.Minute, Options: ask.Options{RequestTimeout: 20 * time.Second}}, listOf(list...), overHTTP)
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				<-begin
				if i%2 == 0 {
					if got, _ := g.Query(t.Context(), []byte("k"), ""); have != (len(got) == 3) || have != (len(got) > 0) {
						t.Errorf("%v", texts(got))
					}
					return
				}
				if _, _, _, ok := g.Newest(t.Context(), nil, []byte("k"), ""); ok != have {
					t.Errorf("found %v", ok)
				}
			})
		}
		close(begin)
		wg.Wait()
		for _, n := range nodes {
			if r := n.Requests.Load(); r != 1 {
				t.Errorf("key is there: %v; %d requests to one member", have, r)
			}
		}
		for _, s := range g.Status() {
			if s.Requests != 1 || s.CacheHits != 999 || s.State != stateUp || s.LastContact.IsZero() || s.Errors != 0 {
				t.Errorf("%+v", s)
			}
		}
	}
}

// TestWaitersGoTheirWay: who asks has its own deadline, and the question goes on without
// it.
func TestWaitersGoTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAsker{answer: func(ctx context.Context, _ string) (ask.Reply, error) {
			if !cluster.Pause(ctx, time.Second) {
				return ask.Reply{}, ctx.Err()
			}
			return ask.Reply{Found: true, Value: []byte("v"), Created: asktest.At(1)}, nil
		}}
		g := startGroup(t, Options{}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if got, _ := g.Query(ctx, []byte("k"), ""); len(got) != 0 || time.Since(start) != 100*time.Millisecond {
			t.Errorf("%v after %v", texts(got), time.Since(start))
		}
		if got, _ := g.Query(t.Context(), []byte("k"), ""); len(got) != 1 || time.Since(start) != time.Second {
			t.Errorf("%v after %v", texts(got), time.Since(start))
		}
		if fake.asked.Load() != 1 {
			t.Errorf("asked %d times", fake.asked.Load())
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestMixedMembers: real connections to members of all kinds, good and bad.
func TestMixedMembers(t *testing.T) {
	t.Parallel()
	good := asktest.StartNode(t, map[string]asktest.Entry{"k": {Value: "good", Created: "2026-11-22 10:50:17.2 +0000 UTC m=+1.5"}})
	east := asktest.StartNode(t, map[string]asktest.Entry{"k": {Value: "east", Created: "2026-11-22 18:50:17.3 +0800 CST m=+1.5"}})
	empty := asktest.StartNode(t, nil)
	list := []string{
		asktest.StartRaw(t, func(_ net.Conn, end <-chan struct{}) { <-end }),
		good.Addr,
		asktest.StartRaw(t, asktest.Saying("garbage\r\n\r\n")),
		empty.Addr,
		asktest.StartRaw(t, asktest.Saying(asktest.GoodHead+"Content-Length: 9000000000\r\n\r\n")),
		asktest.StartRaw(t, asktest.Saying(asktest.GoodHead+"Content-Length: 10\r\n\r\n123")),
		asktest.StartRaw(t, asktest.Saying("HTTP/1.1 301 Moved\r\nLocation: "+good.URL+"\r\nContent-Length: 0\r\n\r\n")),
		east.Addr,
		asktest.ClosedPort(t),
	}
	g := startGroup(t, Options{Options: ask.Options{RequestTimeout: 2 * time.Second}}, listOf(list...), overHTTP)
	want := []string{east.Addr + "=east", good.Addr + "=good"}
	for range 3 {
		answers, _ := g.Query(t.Context(), []byte("k"), "")
		if diff := cmp.Diff(want, texts(answers)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if !answers[0].Created.Equal(time.Date(2026, 11, 22, 10, 50, 17, 3e8, time.UTC)) {
			t.Errorf("%v", answers[0].Created)
		}
	}
	up := 0
	for _, s := range g.Status() {
		if s.State == stateUp {
			up++
		} else if s.LastError == "" || s.Errors == 0 {
			t.Errorf("%+v", s)
		}
	}
	if up != 3 {
		t.Errorf("%d members are up: %+v", up, g.Status())
	}
}

// TestFlightsAreBounded: a member is not asked more than so many questions at once, and
// who asks beyond does not wait.
func TestFlightsAreBounded(t *testing.T) {
	g := startGroup(t, Options{Options: ask.Options{RequestTimeout: time.Hour}}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": {answer: never}}))
	m := g.members().members[0]
	for i := range maxFlightsMember {
		f, isNew := m.join(fmt.Sprint(i), new(slot))
		if !isNew {
			t.Fatalf("question %d is not asked", i)
		}
		go f.run()
	}
	if got, _ := g.Query(t.Context(), []byte("one more"), ""); len(got) != 0 {
		t.Errorf("%v", texts(got))
	}
	if f, isNew := m.join("7", new(slot)); f == nil || isNew {
		t.Error("a question that is under way was not joined")
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if n := g.flying.Load(); n != 0 || len(m.flights) != 0 {
		t.Errorf("%d questions are counted, %d are left", n, len(m.flights))
	}
}

// TestKnownAnswersCostNoGarbage: with answers that are kept, and with members that are
// down.
func TestKnownAnswersCostNoGarbage(t *testing.T) {
	fakes := map[string]*fakeAsker{
		"a:1": {answer: has("v", asktest.At(1))}, "b:1": {answer: hasNothing},
		"down:1": {answer: func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, errTimeout(time.Second) }},
	}
	g := startGroup(t, Options{CacheLifetime: time.Hour}, listOf("a:1", "b:1", "down:1"), dialer(t, fakes))
	ctx, key, dst := t.Context(), []byte("k"), make([]byte, 0, 100)
	ask := func() {
		if _, _, _, ok := g.Newest(ctx, dst, key, ""); !ok {
			t.Error("a miss")
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n != 0 {
		t.Errorf("%v allocations", n)
	}
	g.cache.sweep()
	if fakes["a:1"].asked.Load() != 1 || fakes["down:1"].asked.Load() != 1 {
		t.Error("a member was asked again")
	}
}
