package urlcache

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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
	// A client with a token who joins one without has the body stored.
	var wg sync.WaitGroup
	wg.Go(func() { ask("/joined", no) })
	waiting := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.flights {
			return f.waiting
		}
		return 0
	}
	eventually(t, "one waits", func() bool { return waiting() == 1 })
	wg.Go(func() { ask("/joined", yes) })
	eventually(t, "two wait", func() bool { return waiting() == 2 })
	release <- struct{}{}
	wg.Wait()
	if _, _, ok := b.stored("/joined"); !ok {
		t.Error("it is not stored")
	}
}

func TestStaleOnError(t *testing.T) {
	clock := &fakeClock{now: time.Now()}
	var status atomic.Int32
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, strings.Repeat(r.URL.Path, 50_000))
	}), "<key_expire>60</key_expire><stale_on_error>600</stale_on_error>"), func(o *Options) { o.now = clock.get })
	status.Store(200)
	body := strings.Repeat("/k", 50_000)
	first := b.fetch("/k")
	if first.body != body || first.stale {
		t.Fatalf("%d bytes, %v", len(first.body), first.err)
	}
	// The store has its own clock: the key expires by being moved.
	expire := func() {
		if _, err := b.store.Expire([]byte("/k"), 1); err != nil {
			t.Fatal(err)
		}
	}
	expire()
	status.Store(500)
	if got := b.fetch("/k"); got.kind() != int(KindStatus) {
		t.Errorf("gone before its time: %+v", got.err)
	}
	clock.add(time.Minute)
	for _, n := range []int32{500, 503, 429, 408} {
		status.Store(n)
		got := b.fetch("/k")
		if got.body != body || got.contentType != "text/css" || !got.stale || got.created != first.created {
			t.Errorf("status %d: %d bytes, %+v", n, len(got.body), got.err)
		}
	}
	for _, n := range []int32{404, 410, 403, 304} {
		status.Store(n)
		if got := b.fetch("/k"); got.kind() != int(KindStatus) {
			t.Errorf("status %d: %v, stale %v", n, got.err, got.stale)
		}
	}
	if s := b.Stats(); s.Stale != 4 {
		t.Errorf("%d stale answers are counted", s.Stale)
	}
	if _, _, ok := b.stored("/k"); ok {
		t.Error("a stale copy was stored as the value")
	}
	status.Store(500)
	clock.add(601 * time.Second)
	if got := b.fetch("/k"); got.kind() != int(KindStatus) {
		t.Errorf("after the time of stale copies: %v", got.err)
	}
	status.Store(200)
	if got := b.fetch("/k"); got.body != body || got.stale {
		t.Errorf("the origin is well again: %v", got.err)
	}
	if !b.memoryFree() {
		t.Error("memory was not given back")
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

// A panic is one request's end, not the node's.
func TestPanic(t *testing.T) {
	b := newBench(t, site(originOfType(t, "a/b")), func(o *Options) { o.now = func() time.Time { panic("no time") } })
	if got := b.fetch("/k"); got.kind() != int(KindInternal) || got.status() != 500 {
		t.Errorf("%v", got.err)
	}
	if len(b.flights) > 0 || b.Stats().InFlight > 0 {
		t.Error("the request is left")
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
