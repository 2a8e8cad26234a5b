package api

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/engine"
)

// starve takes the memory for large answers but some bytes until the returned function
// is called.
func (n *node) starve(but int64) (feed func()) {
	n.t.Helper()
	n.answers.wantWhole(n.t)
	size := n.answers.size - but
	if !n.answers.take(size) {
		n.t.Fatal("somebody has taken memory for a large answer")
	}
	return func() { n.answers.give(size) }
}

// TestNoRoomForLargeAnswers: they are refused, small ones are not, and when there is room
// again so are they.
func TestNoRoomForLargeAnswers(t *testing.T) {
	n, g := startGrouped(t, nil)
	n.answers.patience = time.Millisecond
	big := bytes.Repeat([]byte("0123456789abcdef"), 8<<10) // 128 KiB
	created := time.Unix(1, 0).UTC()
	g.answers["remote"] = []GroupAnswer{{Address: "a:1", Value: big, Created: created}}
	g.answers["own"] = []GroupAnswer{{Address: n.addr, Value: big, Created: created}}
	n.store.m["own"] = memEntry{big, engine.Meta{Created: 1e9, Size: len(big)}}
	n.store.m["small"] = memEntry{big[:100], engine.Meta{Created: 1e9, Size: 100}}
	questions := map[string]string{
		"get":               "/data/?cmd=get&key=own",
		"group":             "/group_data/?cmd=get&key=remote",
		"group, own":        "/group_data/?cmd=get&key=own",
		"group info":        "/group_data/?cmd=get&key=remote&valuedata=info",
		"group info of own": "/group_data/?cmd=get&key=own&valuedata=info",
	}
	for _, room := range []int64{0, 1, int64(len(big)) - 1} {
		feed := n.starve(room)
		for name, path := range questions {
			if a := n.get(path); a.status != 503 || a.header.Get("Retry-After") != "1" || a.reason() != errAnswersFull.Error() || a.close {
				t.Errorf("%s with room for %d bytes: status %d, %v", name, room, a.status, a.header)
			}
		}
		feed()
	}
	feed := n.starve(0)
	for _, path := range []string{"/data/?cmd=get&key=small", "/group_data/?cmd=get&key=hello", "/group_data/?cmd=get&key=hello&valuedata=info"} {
		if a := n.get(path); a.status != 200 || a.body == "" {
			t.Errorf("%s: status %d, %v", path, a.status, a.header)
		}
	}
	feed()
	for name, path := range questions {
		if a := n.get(path); a.status != 200 || len(a.body) < len(big) {
			t.Errorf("%s, with room again: status %d, %d bytes", name, a.status, len(a.body))
		}
		n.answers.wantWhole(t)
	}
}

// TestLargeAnswerIsGoneMeanwhile: what was there before the wait for memory, and is not
// after it, is not answered, and nothing stays taken.
func TestLargeAnswerIsGoneMeanwhile(t *testing.T) {
	n, g := startGrouped(t, nil)
	n.answers.patience = 20 * time.Second
	big := make([]byte, 128<<10)
	for _, tt := range []struct {
		name, path string
		last       int // look-up after the wait
	}{
		{"get", "/data/?cmd=get&key=k", 1},
		{"group", "/group_data/?cmd=get&key=k", 2},
		{"group info", "/group_data/?cmd=get&key=k&valuedata=info", 1},
	} {
		g.answers["k"] = []GroupAnswer{{Address: "a:1", Value: big, Created: time.Unix(1, 0)}}
		n.store.m["k"] = memEntry{big, engine.Meta{Size: len(big)}}
		lookedUp := 0
		leave := func() {
			if lookedUp++; lookedUp == tt.last {
				delete(g.answers, "k")
				delete(n.store.m, "k")
			}
		}
		n.store.onGet, g.onAsked = leave, leave
		feed := n.starve(0)
		done := make(chan answer)
		go func() { done <- n.get(tt.path) }()
		n.answers.wantWaiter(t)
		feed()
		if a := <-done; a.status != 404 || len(a.body) > len("[]") {
			t.Errorf("%s: status %d, %d bytes", tt.name, a.status, len(a.body))
		}
		n.answers.wantWhole(t)
	}
}

// TestLargeValueIsNotCopiedInVain: while others wait for memory, a large value is not even
// looked up before there is some. Small ones are answered.
func TestLargeValueIsNotCopiedInVain(t *testing.T) {
	n, g := startGrouped(t, nil)
	addr := n.serveTCP()
	n.answers.patience = 20 * time.Second
	big := make([]byte, 128<<10)
	n.store.m["k"] = memEntry{big, engine.Meta{Size: len(big)}}
	n.store.m["small"] = memEntry{[]byte("s"), engine.Meta{Size: 1}}
	g.answers["k"] = []GroupAnswer{{Address: n.addr, Value: big, Created: time.Unix(1, 0)}}
	var lookedUp atomic.Int32
	count := func() { lookedUp.Add(1) }
	n.store.onGet, g.onAsked = count, count
	feed := n.starve(0)
	done := make(chan int)
	ask := func(path string) {
		go func() { done <- len(n.get(path).body) }()
	}
	ask("/data/?cmd=get&key=k") // looks it up, and waits from then on
	eventually(t, "it waits", n.answers.crowded)
	first := lookedUp.Load()
	ask("/data/?cmd=get&key=k")
	ask("/group_data/?cmd=get&key=k")
	go func() { done <- len(dialLines(t, addr).ask("get k")) }()
	eventually(t, "all wait", func() bool { return n.answers.waiting.Load() == 4 })
	if got := lookedUp.Load(); got != first {
		t.Errorf("%d more were looked up", got-first)
	}
	if a := n.get("/data/?cmd=get&key=small"); a.body != "s" {
		t.Errorf("a small value: %d %q", a.status, a.body)
	}
	feed()
	for range 4 {
		if size := <-done; size != len(big) {
			t.Errorf("%d bytes are answered", size)
		}
	}
	n.answers.wantWhole(t)
}
