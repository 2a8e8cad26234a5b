package group

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// benchStore returns a real store with 1000 keys of 100 bytes, and a real list of members.
func benchStore(b *testing.B, members ...string) (*engine.Store, *cluster.List) {
	b.Helper()
	dir, err := datadir.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	store, err := engine.Open(context.Background(), dir, engine.Options{Sync: "no"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = store.Close(), dir.Close() })
	for i := range 1000 {
		if _, err := store.Set(fmt.Appendf(nil, "key-%d", i), make([]byte, 100), 0); err != nil {
			b.Fatal(err)
		}
	}
	lists, err := cluster.OpenLists(dir, cluster.ListOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range members {
		if _, _, err := lists.Owlcache.Add(m); err != nil {
			b.Fatal(err)
		}
	}
	return store, lists.Owlcache
}

func benchGroup(b *testing.B, members int) *Group {
	fakes, names := map[string]*fakeAsker{}, []string{"self:1"}
	for i := range members {
		name := fmt.Sprintf("m%d:1", i)
		fakes[name], names = &fakeAsker{answer: has(fmt.Sprintf("%0100d", i), asktest.At(i))}, append(names, name)
	}
	store, list := benchStore(b, names...)
	return startGroup(b, Options{Store: store, Self: names[:1], CacheLifetime: time.Hour}, list, dialer(b, fakes))
}

// BenchmarkLocalGet is what BenchmarkNewestCached is measured by.
func BenchmarkLocalGet(b *testing.B) {
	var store Store
	store, _ = benchStore(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var value []byte
		key := []byte("key-7")
		for pb.Next() {
			var ok bool
			if value, _, ok = store.Get(value[:0], key); !ok {
				b.Error("miss")
			}
		}
	})
}

// BenchmarkNewestCached: the answers of two members are known.
func BenchmarkNewestCached(b *testing.B) {
	g := benchGroup(b, 2)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var value []byte
		key := []byte("key-7")
		for pb.Next() {
			var ok bool
			if value, _, _, ok = g.Newest(context.Background(), value[:0], key, ""); !ok {
				b.Error("miss")
			}
		}
	})
}

func BenchmarkQueryCached(b *testing.B) {
	g := benchGroup(b, 2)
	b.ReportAllocs()
	for b.Loop() {
		if answers, _ := g.Query(context.Background(), []byte("key-7"), ""); len(answers) != 3 {
			b.Fatal("a miss")
		}
	}
}

// BenchmarkNewestAsked asks two members over HTTP each time.
func BenchmarkNewestAsked(b *testing.B) {
	names := []string{}
	for range 2 {
		names = append(names, asktest.StartNode(b, map[string]asktest.Entry{"k": {Value: "v", Created: "2026-11-22 10:50:17 +0000 UTC"}}).Addr)
	}
	g := startGroup(b, Options{CacheLifetime: -1}, listOf(names...), overHTTP)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, ok := g.Newest(context.Background(), nil, []byte("k"), ""); !ok {
			b.Fatal("a miss")
		}
	}
}

// BenchmarkMemberItself is what BenchmarkNewestAsked is measured by.
func BenchmarkMemberItself(b *testing.B) {
	n := asktest.StartNode(b, map[string]asktest.Entry{"k": {Value: "v", Created: "2026-11-22 10:50:17 +0000 UTC"}})
	b.Run("asker", func(b *testing.B) {
		a := overHTTP(n.Addr, ask.Options{MaxValueSize: 100})
		defer a.Close()
		b.ReportAllocs()
		for b.Loop() {
			if r, err := a.Ask(context.Background(), []byte("k")); err != nil || !r.Found {
				b.Fatal(err)
			}
		}
	})
	b.Run("net-http", func(b *testing.B) {
		var t http.Transport
		defer t.CloseIdleConnections()
		c := http.Client{Transport: &t}
		b.ReportAllocs()
		for b.Loop() {
			resp, err := c.Get(n.URL + "/data/?cmd=get&key=k")
			if err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	})
}
