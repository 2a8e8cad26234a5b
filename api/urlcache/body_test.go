package urlcache

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// Memory for bodies is bounded; an answer holds its part until it is released.
func TestBodyMemory(t *testing.T) {
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) })), func(o *Options) { o.MaxMemory = 3 << 20 })
	first, err := b.Fetch(Request{Store: b.store, Key: []byte("/1")})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.fetch("/2"); got.kind() != int(KindMemory) || got.status() != 503 {
		t.Errorf("no memory: %v", got.err)
	}
	first.Release()
	if got := b.fetch("/2"); got.err != nil {
		t.Errorf("after the release: %v", got.err)
	}
	if !b.memoryFree() {
		t.Error("memory was not given back")
	}
}

// One body may have all memory, and what was read of one that fails is given back.
func TestBodyMemoryIsGivenBack(t *testing.T) {
	const most = 1 << 20
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, most/2))
		if r.URL.Path == "/cut" {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(make([]byte, most/2))
	})), func(o *Options) { o.MaxValueSize, o.MaxMemory = most, most })
	for i := range 3 {
		if got := b.fetch("/cut"); got.kind() != int(KindAnswer) {
			t.Errorf("cut off: %v", got.err)
		}
		if got := b.fetch(fmt.Sprint("/", i)); len(got.body) != most {
			t.Errorf("%d bytes, %v", len(got.body), got.err)
		}
	}
	if !b.memoryFree() {
		t.Error("memory was not given back")
	}
}

// A body waits a moment for the memory of others.
func TestBodyWaitsForMemory(t *testing.T) {
	b := newBench(t, site(originOfType(t, "a/b")), nil)
	if !b.memory.Take(b.opts.MaxMemory) {
		t.Fatal("there is no memory at all")
	}
	got := make(chan bool, 1)
	synctest.Test(t, func(t *testing.T) {
		go func() { got <- b.memory.TakeSoon(t.Context(), 1) == 1 }()
		synctest.Wait()
		b.memory.Give(1)
		if !<-got {
			t.Error("memory that has become free is not taken")
		}
		start := time.Now()
		if b.memory.TakeSoon(t.Context(), 1) > 0 || time.Since(start) != b.memory.Patience {
			t.Errorf("it waited for %v", time.Since(start))
		}
	})
	b.memory.Give(b.opts.MaxMemory)
}
