package urlcache

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/api/internal/node"
)

// However many ask for a key that is missing, the origin is asked once.
func TestOneRequestForManyMisses(t *testing.T) {
	var asked atomic.Int32
	release := make(chan struct{})
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-release
		_, _ = w.Write(repeat(1 << 20))
	})), nil)
	const clients = 1000
	var wg sync.WaitGroup
	var bodies, looked atomic.Int32
	for range clients {
		wg.Go(func() {
			switch got := b.fetch("/k"); {
			case errors.Is(got.err, ErrStored):
				looked.Add(1)
			case got.err == nil && len(got.body) == 1<<20:
				bodies.Add(1)
			default:
				t.Errorf("%v, %d bytes", got.err, len(got.body))
			}
		})
	}
	eventually(t, "all wait for one request", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.flights {
			return f.waiting == clients
		}
		return false
	})
	close(release)
	wg.Wait()
	if asked.Load() != 1 || bodies.Load() != clients || b.Stats().Fetches != 1 || b.Stats().Misses != clients {
		t.Errorf("%d requests, %d bodies, %d found it stored", asked.Load(), bodies.Load(), looked.Load())
	}
	if !b.memoryFree() || len(b.flights) > 0 {
		t.Error("something is left")
	}
}

// Different keys, and one key of different sites, are different requests.
func TestRequestsAreToldApart(t *testing.T) {
	b := newBench(t, site(originOfType(t, "a/0"))+site(originOfType(t, "a/1"), "<max_storage_limit>1</max_storage_limit>"), nil)
	if got := b.do(Request{Key: []byte("/k"), Site: 1}); got.contentType != "a/1" {
		t.Errorf("site 1: %+v", got)
	}
	for i, n := range []int{0, 2, -1, 1 << 40} {
		key := fmt.Sprintf("/k%d", i)
		if got := b.do(Request{Key: []byte(key), Site: n}); got.contentType != "a/0" || got.body != key {
			t.Errorf("site %d: %+v", n, got)
		}
	}
}

func TestTooManyRequests(t *testing.T) {
	release := make(chan struct{})
	slow := origin(t, func(http.ResponseWriter, *http.Request) { <-release })
	b := newBench(t, site(slow)+site(slow)+site(slow), func(o *Options) { o.MaxFetches = 4 })
	var wg sync.WaitGroup
	ask := func(site, n int) {
		for i := range n {
			wg.Go(func() { b.do(Request{Key: fmt.Appendf(nil, "/%d/%d", site, i), Site: site}) })
		}
		eventually(t, "they are under way", func() bool { return b.Stats().InFlight == 2*(site+1) })
	}
	ask(0, 2)
	if got := b.do(Request{Key: []byte("/x")}); got.kind() != int(KindBusy) || got.status() != 503 {
		t.Errorf("beyond the limit of a site: %v", got.err)
	}
	ask(1, 2)
	if got := b.do(Request{Key: []byte("/x"), Site: 2}); got.kind() != int(KindBusy) {
		t.Errorf("beyond the limit of all: %v", got.err)
	}
	close(release)
	wg.Wait()
	if got := b.do(Request{Key: []byte("/x"), Site: 2}); got.err != nil {
		t.Errorf("afterwards: %v", got.err)
	}
}

func TestCheckToken(t *testing.T) {
	release := make(chan struct{}, 10)
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		_, _ = io.WriteString(w, "body")
	}), "<check_token>1</check_token>"), nil)
	ask := func(key string, authorised func() bool) fetched {
		return b.do(Request{Key: []byte(key), Authorised: authorised})
	}
	yes, no := func() bool { return true }, func() bool { return false }
	for name, authorised := range map[string]func() bool{"none": nil, "bad": no, "good": yes} {
		release <- struct{}{}
		got := ask("/"+name, authorised)
		if got.body != "body" || (got.created != 0) != (name == "good") {
			t.Errorf("%s token: %+v", name, got)
		}
	}
}

// What is stored for a client with a token was asked for by such a client, with its headers.
func TestCheckTokenIsNotJoined(t *testing.T) {
	began, release := make(chan struct{}, 2), make(chan struct{})
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "for "+r.Header.Get("X-For"))
	}), "<check_token>1</check_token><header><value>X-For</value></header>"), nil)
	var wg sync.WaitGroup
	ask := func(name string, authorised bool) {
		wg.Go(func() {
			got := b.do(Request{Key: []byte("/a"), Authorised: func() bool { return authorised }, Header: func(string) []string { return []string{name} }})
			if got.body != "for "+name || (got.created != 0) != authorised {
				t.Errorf("%s: %+v", name, got)
			}
		})
		<-began
	}
	ask("anybody", false)
	ask("a friend", true)
	close(release)
	wg.Wait()
	if v, _, _ := b.stored("/a"); v != "for a friend" {
		t.Errorf("stored: %q", v)
	}
}

// Close ends what is under way; nothing begins afterwards.
func TestClose(t *testing.T) {
	began := make(chan struct{}, 1)
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quick" {
			return
		}
		began <- struct{}{}
		<-r.Context().Done()
	}), "<timeout>3600000</timeout>"), nil)
	b.fetch("/quick") // leaves an idle connection
	result := make(chan fetched, 1)
	go func() { result <- b.fetch("/slow") }()
	<-began
	b.Close()
	if got := <-result; got.kind() != int(KindStopping) || got.status() != 503 {
		t.Errorf("under way: %v", got.err)
	}
	if got := b.fetch("/new"); got.kind() != int(KindStopping) {
		t.Errorf("afterwards: %v", got.err)
	}
	b.Close()
	b.Reload(mustSites(t, site("http://h")))
	if got := b.fetch("/new"); got.kind() != int(KindStopping) {
		t.Errorf("after a reload: %v", got.err)
	}
}

func TestReload(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/k" {
			close(began)
			<-release
		}
		_, _ = io.WriteString(w, "old")
	}))
	var closed atomic.Int32
	old.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed.Add(1)
		}
	}
	old.Start()
	t.Cleanup(old.Close)
	b := newBench(t, site(old.URL), nil)
	result := make(chan fetched, 1)
	go func() { result <- b.fetch("/k") }()
	<-began
	b.fetch("/idle")
	b.Reload(nil) // is none
	b.Reload(mustSites(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "new") }), "<max_storage_limit>1</max_storage_limit>")))
	if got := b.fetch("/k"); got.body != "new" {
		t.Errorf("a new request: %+v", got)
	}
	close(release)
	if got := <-result; got.body != "old" {
		t.Errorf("a request from before: %+v", got)
	}
	eventually(t, "the connections from before are closed", func() bool { return closed.Load() == 2 })
}

// A reload that leaves a site as it was asks for no key twice.
func TestReloadOfTheSame(t *testing.T) {
	var asked atomic.Int32
	began, release := make(chan struct{}, 2), make(chan struct{})
	file := site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		began <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "body")
	}))
	b := newBench(t, file, nil)
	var wg sync.WaitGroup
	ask := func() {
		wg.Go(func() {
			if got := b.fetch("/k"); got.body != "body" {
				t.Errorf("%+v", got)
			}
		})
	}
	ask()
	<-began
	b.Reload(mustSites(t, file))
	ask()
	eventually(t, "both wait", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		waiting := 0
		for _, f := range b.flights {
			waiting += f.waiting
		}
		return waiting == 2
	})
	close(release)
	wg.Wait()
	if asked.Load() != 1 {
		t.Errorf("the origin was asked %d times", asked.Load())
	}
}

// A panic is one request's end, not the node's.
func TestPanic(t *testing.T) {
	large := origin(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(repeat(node.KeepBuffer + 4)) })
	b := newBench(t, site(large), func(o *Options) { o.now = func() time.Time { panic("no time") } })
	if got := b.fetch("/k"); got.kind() != int(KindInternal) || got.status() != 500 {
		t.Errorf("%v", got.err)
	}
	if len(b.flights) > 0 || b.Stats().InFlight > 0 || b.Stats().Errors[KindInternal] != 1 {
		t.Errorf("the request is left, or not counted: %+v", b.Stats())
	}
	if !b.memoryFree() {
		t.Error("memory was not given back")
	}
}

type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) get() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
