package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/cluster"
	"owlcache/cluster/group"
	"owlcache/cluster/group/ask"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// socketMember is a node that answers over WebSockets.
type socketMember struct {
	t     *testing.T
	store *engine.Store
	addr  string
	stop  func()
}

func startSocketMember(t *testing.T) *socketMember {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := engine.Open(t.Context(), dir, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &socketMember{t: t, store: store, addr: "127.0.0.1:0"}
	m.serve()
	t.Cleanup(func() {
		m.stop()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// serve listens at the address, which stays the same.
func (m *socketMember) serve() {
	m.t.Helper()
	ln, err := net.Listen("tcp", m.addr)
	if err != nil {
		m.t.Fatal(err)
	}
	m.addr = ln.Addr().String()
	srv, err := api.New(api.Options{Password: "correct horse battery", TokenSecret: make([]byte, 32), WebSocket: true})
	if err != nil {
		m.t.Fatal(err)
	}
	srv.Ready(m.store)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	m.stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), e2e.Patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			m.t.Error(err)
		}
		if err := <-served; err != nil {
			m.t.Error(err)
		}
	}
}

// startSocketGroup returns a group of these members that asks over WebSockets.
func startSocketGroup(t *testing.T, members ...string) *group.Group {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	lists, err := cluster.OpenLists(dir, cluster.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if _, _, err := lists.Owlcache.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	own := startSocketMember(t).store
	g, err := group.New(group.Options{
		Members: lists.Owlcache, Store: own, Mode: group.WebSocket, CacheLifetime: -1,
		Options: ask.Options{RequestTimeout: 10 * time.Second, MinReconnect: 10 * time.Millisecond, MaxReconnect: 50 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// Both ends of a WebSocket between nodes, with whatever a node can hold.
func TestGroupOverWebSockets(t *testing.T) {
	a, b := startSocketMember(t), startSocketMember(t)
	g := startSocketGroup(t, a.addr, b.addr)
	binary := bytes.Repeat([]byte{0, 0xff, '\n', ' '}, 1000)
	for key, value := range map[string][]byte{
		"plain": []byte("world"), "empty": {}, "binary": binary, "with space": []byte("s"), "a@b": []byte("at"), "k\xff\x00": []byte("odd"),
		" around ": []byte("white"), "large": bytes.Repeat([]byte{0xfe}, 5<<20), "too large for a message": make([]byte, 16<<20),
		"six MiB": make([]byte, 6<<20), string(bytes.Repeat([]byte("k"), engine.MaxKeySize)): []byte("long key"),
	} {
		if _, err := b.store.Set([]byte(key), []byte("older"), 0); err != nil {
			t.Fatal(err)
		}
		meta, err := a.store.Set([]byte(key), value, 0)
		if err != nil {
			t.Fatal(err)
		}
		answers, _ := g.Query(t.Context(), []byte(key), "")
		if len(answers) != 2 || answers[0].Address != a.addr || !bytes.Equal(answers[0].Value, value) || string(answers[1].Value) != "older" {
			t.Errorf("%.20q: %d answers, %+v", key, len(answers), g.Status())
			continue
		}
		if !answers[0].Created.Equal(time.Unix(0, meta.Created)) {
			t.Errorf("%.20q: created %v", key, answers[0].Created)
		}
	}
	if answers, _ := g.Query(t.Context(), []byte("none"), ""); len(answers) != 0 {
		t.Errorf("a miss: %v", answers)
	}
}

func TestGroupOverWebSocketsConcurrently(t *testing.T) {
	a := startSocketMember(t)
	for i := range 300 {
		if _, err := a.store.Set(fmt.Append(nil, "k", i), fmt.Append(nil, "v", i), 0); err != nil {
			t.Fatal(err)
		}
	}
	g := startSocketGroup(t, a.addr)
	var clients sync.WaitGroup
	for c := range 50 {
		clients.Go(func() {
			for i := range 300 {
				i = (i + 7*c) % 300
				value, _, _, ok := g.Newest(t.Context(), nil, fmt.Append(nil, "k", i), "")
				if !ok || string(value) != fmt.Sprint("v", i) {
					t.Errorf("k%d: %q, %v", i, value, ok)
				}
			}
		})
	}
	clients.Wait()
}

// A member that stops takes leave of the others; when it is there again, so is its data.
func TestMemberStopsAndComesBack(t *testing.T) {
	a := startSocketMember(t)
	if _, err := a.store.Set([]byte("k"), []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	g := startSocketGroup(t, a.addr)
	has := func() bool {
		_, _, _, ok := g.Newest(t.Context(), nil, []byte("k"), "")
		return ok
	}
	if !has() {
		t.Fatalf("%+v", g.Status())
	}
	a.stop()
	e2e.WaitFor(t, "the member to be down", func() bool { return !has() && g.Status()[0].State == "down" })
	a.serve()
	e2e.WaitFor(t, "the member to be up", func() bool { return has() && g.Status()[0].State == "up" })
}
