package classic_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/fault"
	"owlcache/engine"
)

// TestNoRoomForLargeAnswers: they are refused, small ones are not, and when there is room
// again so are they.
func TestNoRoomForLargeAnswers(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	n.Node.Answers.Patience = time.Millisecond
	big := bytes.Repeat([]byte("0123456789abcdef"), 8<<10) // 128 KiB
	created := time.Unix(1, 0).UTC()
	g.Answers["remote"] = []api.GroupAnswer{{Address: "a:1", Value: big, Created: created}}
	g.Answers["own"] = []api.GroupAnswer{{Address: n.Addr, Value: big, Created: created}}
	n.Store.M["own"] = apitest.Entry{Value: big, Meta: engine.Meta{Created: 1e9, Size: len(big)}}
	n.Store.M["small"] = apitest.Entry{Value: big[:100], Meta: engine.Meta{Created: 1e9, Size: 100}}
	questions := map[string]string{
		"get":               "/data/?cmd=get&key=own",
		"group":             "/group_data/?cmd=get&key=remote",
		"group, own":        "/group_data/?cmd=get&key=own",
		"group info":        "/group_data/?cmd=get&key=remote&valuedata=info",
		"group info of own": "/group_data/?cmd=get&key=own&valuedata=info",
	}
	for _, room := range []int64{0, 1, int64(len(big)) - 1} {
		feed := n.Starve(room)
		for name, path := range questions {
			if a := n.Get(path); a.Status != 503 || a.Header.Get("Retry-After") != "1" || a.Reason() != fault.ErrAnswersFull.Error() || a.Close {
				t.Errorf("%s with room for %d bytes: status %d, %v", name, room, a.Status, a.Header)
			}
		}
		feed()
	}
	feed := n.Starve(0)
	for _, path := range []string{"/data/?cmd=get&key=small", "/group_data/?cmd=get&key=hello", "/group_data/?cmd=get&key=hello&valuedata=info"} {
		if a := n.Get(path); a.Status != 200 || a.Body == "" {
			t.Errorf("%s: status %d, %v", path, a.Status, a.Header)
		}
	}
	feed()
	for name, path := range questions {
		if a := n.Get(path); a.Status != 200 || len(a.Body) < len(big) {
			t.Errorf("%s, with room again: status %d, %d bytes", name, a.Status, len(a.Body))
		}
		apitest.WantWhole(t, n.Node.Answers)
	}
}

// TestLargeAnswerIsGoneMeanwhile: what was there before the wait for memory, and is not
// after it, is not answered, and nothing stays taken.
func TestLargeAnswerIsGoneMeanwhile(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	n.Node.Answers.Patience = 20 * time.Second
	big := make([]byte, 128<<10)
	for _, tt := range []struct {
		name, path string
		last       int // look-up after the wait
	}{
		{"get", "/data/?cmd=get&key=k", 1},
		{"group", "/group_data/?cmd=get&key=k", 2},
		{"group info", "/group_data/?cmd=get&key=k&valuedata=info", 1},
	} {
		g.Answers["k"] = []api.GroupAnswer{{Address: "a:1", Value: big, Created: time.Unix(1, 0)}}
		n.Store.M["k"] = apitest.Entry{Value: big, Meta: engine.Meta{Size: len(big)}}
		lookedUp := 0
		leave := func() {
			if lookedUp++; lookedUp == tt.last {
				delete(g.Answers, "k")
				delete(n.Store.M, "k")
			}
		}
		n.Store.OnGet, g.OnAsked = leave, leave
		feed := n.Starve(0)
		done := make(chan apitest.Answer)
		go func() { done <- n.Get(tt.path) }()
		apitest.WantWaiter(t, n.Node.Answers)
		feed()
		if a := <-done; a.Status != 404 || len(a.Body) > len("[]") {
			t.Errorf("%s: status %d, %d bytes", tt.name, a.Status, len(a.Body))
		}
		apitest.WantWhole(t, n.Node.Answers)
	}
}

// TestLargeValueIsNotCopiedInVain: while others wait for memory, a large value is not even
// looked up before there is some. Small ones are answered.
func TestLargeValueIsNotCopiedInVain(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	addr := n.ServeLines()
	n.Node.Answers.Patience = 20 * time.Second
	big := make([]byte, 128<<10)
	n.Store.M["k"] = apitest.Entry{Value: big, Meta: engine.Meta{Size: len(big)}}
	n.Store.M["small"] = apitest.Entry{Value: []byte("s"), Meta: engine.Meta{Size: 1}}
	g.Answers["k"] = []api.GroupAnswer{{Address: n.Addr, Value: big, Created: time.Unix(1, 0)}}
	var lookedUp atomic.Int32
	count := func() { lookedUp.Add(1) }
	n.Store.OnGet, g.OnAsked = count, count
	feed := n.Starve(0)
	done := make(chan int)
	ask := func(path string) {
		go func() { done <- len(n.Get(path).Body) }()
	}
	ask("/data/?cmd=get&key=k") // looks it up, and waits from then on
	apitest.Eventually(t, "it waits", func() bool { return n.Node.Answers.Waiting() > 0 })
	first := lookedUp.Load()
	ask("/data/?cmd=get&key=k")
	ask("/group_data/?cmd=get&key=k")
	go func() { done <- len(apitest.DialLines(t, addr).Ask("get k")) }()
	apitest.Eventually(t, "all wait", func() bool { return n.Node.Answers.Waiting() == 4 })
	if got := lookedUp.Load(); got != first {
		t.Errorf("%d more were looked up", got-first)
	}
	if a := n.Get("/data/?cmd=get&key=small"); a.Body != "s" {
		t.Errorf("a small value: %d %q", a.Status, a.Body)
	}
	feed()
	for range 4 {
		if size := <-done; size != len(big) {
			t.Errorf("%d bytes are answered", size)
		}
	}
	apitest.WantWhole(t, n.Node.Answers)
}
