package group

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"owlcache/cluster"
	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
	"owlcache/engine"
)

var _ Store = (*engine.Store)(nil)

func TestNewGroupOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no list":           {Store: storeOf(nil)},
		"no store":          {Members: &cluster.List{}},
		"unknown mode":      {Members: &cluster.List{}, Store: storeOf(nil), Mode: 7},
		"negative timeout":  {Members: &cluster.List{}, Store: storeOf(nil), Options: ask.Options{RequestTimeout: -1}},
		"negative cache":    {Members: &cluster.List{}, Store: storeOf(nil), CacheBytes: -1},
		"too large a value": {Members: &cluster.List{}, Store: storeOf(nil), Options: ask.Options{MaxValueSize: engine.MaxValueSize + 1}},
		"reconnect range":   {Members: &cluster.List{}, Store: storeOf(nil), Options: ask.Options{MinReconnect: 2, MaxReconnect: 1}},
	} {
		if g, err := New(o); err == nil || g != nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestListChanges: members come and go with the list, and nothing is left of those that
// have gone.
func TestListChanges(t *testing.T) {
	fakes := map[string]*fakeAsker{}
	for _, name := range []string{"a:1", "b:1", "c:1"} {
		fakes[name] = &fakeAsker{answer: has(name, asktest.At(1))}
	}
	list := listOf("a:1", "b:1")
	g := startGroup(t, Options{Self: []string{"self:1"}}, list, dialer(t, fakes))
	want := func(names ...string) {
		t.Helper()
		want := []string{}
		for _, name := range names {
			want = append(want, name+"="+name)
		}
		if diff := cmp.Diff(want, texts(g.Query(t.Context(), []byte("k"), ""))); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		status := []string{}
		for _, s := range g.Status() {
			status = append(status, s.Address)
		}
		if diff := cmp.Diff(list.Members(), status, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("status: -want +got:\n%s", diff)
		}
	}
	want("a:1", "b:1")
	list.set("c:1", "self:1", "b:1")
	want("c:1", "b:1")
	asktest.WaitUntil(t, "the member that left is closed", fakes["a:1"].closed.Load)
	if fakes["b:1"].closed.Load() {
		t.Error("a member that stayed is closed")
	}
	if n := fakes["b:1"].asked.Load(); n != 1 {
		t.Errorf("a member that stayed was asked %d times: its answer was forgotten", n)
	}
	list.set()
	want()
	// The list is followed without a query too.
	fakes["b:1"].closed.Store(false)
	list.set("b:1")
	asktest.WaitUntil(t, "the member is there", func() bool { return len(g.set.Load().members) == 1 })
	list.set("c:1")
	asktest.WaitUntil(t, "the member that left is closed", fakes["b:1"].closed.Load)
}

// TestLeaveWhileAsked: a member that leaves ends the wait for it.
func TestLeaveWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged syncBuffer
		list := listOf("a:1")
		g := startGroup(t, Options{Logger: logTo(&logged), Options: ask.Options{RequestTimeout: time.Hour}}, list, dialer(t, map[string]*fakeAsker{"a:1": {answer: never}}))
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() { g.Query(t.Context(), fmt.Append(nil, i), "") })
		}
		synctest.Wait()
		start := time.Now()
		list.set()
		wg.Wait()
		if took := time.Since(start); took > time.Minute || logged.String() != "" {
			t.Errorf("it took %v; log: %s", took, logged.String())
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestClose: queries under way return what they have, later ones what the node has.
func TestClose(t *testing.T) {
	fakes := map[string]*fakeAsker{"fast:1": {answer: has("fast", asktest.At(1))}, "slow:1": {answer: never}}
	store := storeOf(map[string]ask.Reply{"k": {Value: []byte("own"), Created: asktest.At(2)}})
	g := startGroup(t, Options{Store: store, Self: []string{"self:1"}, Options: ask.Options{RequestTimeout: time.Hour}}, listOf("slow:1", "fast:1"), dialer(t, fakes))
	answers := make(chan []Answer)
	go func() {
		found, _ := g.Query(context.Background(), []byte("k"), "")
		answers <- found
	}()
	asktest.WaitUntil(t, "both are asked", func() bool { return fakes["fast:1"].asked.Load()+fakes["slow:1"].asked.Load() == 2 })
	for range 2 {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := texts(<-answers); !cmp.Equal(got, []string{"self:1=own", "fast:1=fast"}) {
		t.Errorf("%v", got)
	}
	if got := texts(g.Query(t.Context(), []byte("other"), "")); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if n := fakes["fast:1"].asked.Load(); n != 1 {
		t.Errorf("asked %d times, also after Close", n)
	}
	for _, fake := range fakes {
		if !fake.closed.Load() {
			t.Error("a connection is left")
		}
	}
}

// TestConcurrentUse runs everything against each other.
func TestConcurrentUse(t *testing.T) {
	n := asktest.StartNode(t, map[string]asktest.Entry{"k1": {Value: strings.Repeat("v", 10_000), Created: "2026-11-22 10:50:17 +0000 UTC"}})
	list := listOf(n.Addr)
	g := startGroup(t, Options{CacheBytes: 20_000, CacheLifetime: time.Millisecond}, list, overHTTP)
	stop := make(chan struct{})
	var changes, queries sync.WaitGroup
	changes.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if i%2 == 0 {
				list.set()
			} else {
				list.set(n.Addr)
			}
			g.Status()
			g.cache.sweep()
		}
	})
	for i := range 8 {
		queries.Go(func() {
			for j := range 300 {
				key := fmt.Append(nil, "k", (i+j)%4)
				if v, _, _, ok := g.Newest(t.Context(), nil, key, ""); ok && !bytes.Equal(v, bytes.Repeat([]byte("v"), 10_000)) {
					t.Errorf("%.20q", v)
				}
				g.Query(t.Context(), key, n.Addr)
			}
		})
	}
	queries.Wait()
	close(stop)
	changes.Wait()
}
