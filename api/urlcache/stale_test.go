package urlcache

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/api/internal/node"
	"owlcache/engine"
)

// An expired copy is answered while the origin fails, for a while.
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
	clock.add(time.Minute)
	expire()
	for _, n := range []int32{500, 503, 429, 408} {
		status.Store(n)
		got := b.fetch("/k")
		if got.body != body || got.contentType != "text/css" || !got.stale || got.created != first.created {
			t.Errorf("status %d: %d bytes, %+v", n, len(got.body), got.err)
		}
	}
	for _, n := range []int32{403, 304} {
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

const keepsStale = "<key_expire>60</key_expire><stale_on_error>3600</stale_on_error>"

// staleBench is a cache with an origin whose status can be changed, and a clock.
func staleBench(t *testing.T, file string, change func(*Options)) (*bench, *atomic.Int32, *fakeClock) {
	t.Helper()
	status, clock := &atomic.Int32{}, &fakeClock{now: time.Now()}
	status.Store(200)
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, "body")
	}), file), func(o *Options) {
		o.now = clock.get
		if change != nil {
			change(o)
		}
	})
	return b, status, clock
}

func (b *bench) delete(key string) {
	b.t.Helper()
	if err := b.store.Delete([]byte(key)); err != nil {
		b.t.Fatal(err)
	}
}

// wantNoCopy fails when the origin has failed and something is answered.
func (b *bench) wantNoCopy(what, key string) {
	b.t.Helper()
	if got := b.fetch(key); got.err == nil {
		b.t.Errorf("%s: %q is answered", what, got.body)
	}
}

// A key that was deleted does not come back when its time would have been over, whatever the
// origin said meanwhile.
func TestDeletedKeyStaysAway(t *testing.T) {
	for _, n := range []int32{500, 410, 403} {
		b, status, clock := staleBench(t, keepsStale, nil)
		b.fetch("/k")
		b.delete("/k")
		status.Store(n)
		b.fetch("/k")
		if _, ok := b.store.Stat(copyKey(staleMark, []byte("/k"))); ok {
			t.Errorf("status %d: the copy is still there", n)
		}
		clock.add(61 * time.Second)
		status.Store(500)
		b.wantNoCopy(fmt.Sprint("after ", n), "/k")
	}
}

// A resource that is gone at the origin is gone here.
func TestCopyOfWhatIsGone(t *testing.T) {
	for n, gone := range map[int32]bool{404: true, 410: true, 403: false, 503: false} {
		b, status, clock := staleBench(t, keepsStale, nil)
		b.fetch("/k")
		clock.add(61 * time.Second)
		b.delete("/k") // it has expired
		status.Store(n)
		b.fetch("/k")
		status.Store(500)
		if got := b.fetch("/k"); (got.err != nil) != gone {
			t.Errorf("status %d: %+v", n, got)
		}
	}
}

// With check_token, only what a client with a token is told takes a copy away.
func TestCopyIsTakenAwayByTrustedClientsOnly(t *testing.T) {
	b, status, clock := staleBench(t, keepsStale+"<check_token>1</check_token>", nil)
	yes := func() bool { return true }
	b.do(Request{Key: []byte("/k"), Authorised: yes})
	clock.add(61 * time.Second)
	b.delete("/k")
	for _, authorised := range []func() bool{nil, yes} {
		status.Store(404)
		b.do(Request{Key: []byte("/k"), Authorised: authorised})
		status.Store(500)
		if got := b.fetch("/k"); got.stale != (authorised == nil) {
			t.Errorf("with a token %v: %+v", authorised != nil, got)
		}
	}
}

// A body that lost against a value of a client leaves no copy.
func TestNoCopyOfWhatIsNotStored(t *testing.T) {
	var b *bench
	var fail atomic.Bool
	b = newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) {
		if fail.Load() {
			w.WriteHeader(500)
			return
		}
		if _, err := b.store.Set([]byte("/a"), []byte("mine"), 0); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte("theirs"))
	}), keepsStale), nil)
	if got := b.fetch("/a"); got.created != 0 || got.body != "theirs" {
		t.Errorf("%+v", got)
	}
	if _, ok := b.store.Stat(copyKey(staleMark, []byte("/a"))); ok {
		t.Error("there is a copy of what was never stored")
	}
}

// Without stale_on_error a copy of earlier days is not answered.
func TestStaleSwitchedOff(t *testing.T) {
	b, status, clock := staleBench(t, keepsStale, nil)
	clock.add(-time.Duration(clock.get().Nanosecond()))
	b.fetch("/k")
	clock.add(60 * time.Second) // the very moment
	b.delete("/k")
	off := (*b.clients.Load())[0].Site
	off.StaleOnError = 0
	b.Reload([]Site{off})
	status.Store(500)
	b.wantNoCopy("switched off", "/k")
}

// A copy needs memory like any body.
func TestStaleWithoutMemory(t *testing.T) {
	large := strings.Repeat("x", node.KeepBuffer+1)
	b, status, clock := staleBench(t, keepsStale, func(o *Options) { o.MaxMemory = 1 << 20 })
	now := clock.get()
	if _, err := b.store.Set(copyKey(staleMark, []byte("/k")), appendStale(nil, "a/b", now.UnixMilli()-1, []byte(large)), 0); err != nil {
		t.Fatal(err)
	}
	status.Store(500)
	if !b.memory.Take(b.opts.MaxMemory) {
		t.Fatal("there is no memory at all")
	}
	b.wantNoCopy("without memory", "/k")
	b.memory.Give(b.opts.MaxMemory)
	if got := b.fetch("/k"); got.body != large || !got.stale {
		t.Errorf("with memory: %d bytes, %v", len(got.body), got.err)
	}
	if !b.memoryFree() {
		t.Error("memory was not given back")
	}
}

// What lies in the store may have been written by a client: its type is looked at again.
func TestForgedTypes(t *testing.T) {
	b, status, _ := staleBench(t, keepsStale, nil)
	const forged = "text/html\r\nSet-Cookie: a=b"
	now := time.Now()
	ops := []engine.Op{
		{Kind: engine.Set, Key: []byte("/k"), Value: []byte("v"), Created: now.UnixNano()},
		{Kind: engine.Set, Key: copyKey(typeMark, []byte("/k")), Value: appendType(nil, forged), Created: now.UnixNano()},
		{Kind: engine.Set, Key: copyKey(staleMark, []byte("/gone")), Value: appendStale(nil, forged, now.UnixMilli()-1000, []byte("v"))},
	}
	if err := b.store.Commit(ops); err != nil {
		t.Fatal(err)
	}
	if v, ct, _ := b.stored("/k"); v != "v" || ct != "" {
		t.Errorf("%q of type %q", v, ct)
	}
	status.Store(500)
	if got := b.fetch("/gone"); !got.stale || got.body != "v" || got.contentType != "" {
		t.Errorf("%+v", got)
	}
}
