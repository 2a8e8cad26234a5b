package api

import (
	"strings"
	"testing"
	"time"
)

// TestGroupReach: every answer to a question says how many nodes have answered, and the
// answers that lack some are counted.
func TestGroupReach(t *testing.T) {
	n, g := startGrouped(t, nil)
	n.answers.patience = 20 * time.Second
	g.answers["big"] = []GroupAnswer{{Address: "a:1", Value: make([]byte, 128<<10), Created: time.Unix(1, 0).UTC()}}
	get := func(path string) answer { return n.get("/group_data/?cmd=get&" + path) }
	for _, tt := range []struct {
		reach  GroupReach
		path   string
		status int
		header string
	}{
		{GroupReach{3, 3}, "key=hello", 200, "members=3, answered=3"},
		{GroupReach{3, 2}, "key=hello", 200, "members=3, answered=2"},
		{GroupReach{3, 1}, "key=none", 404, "members=3, answered=1"},
		{GroupReach{3, 1}, "key=hello&valuedata=info", 200, "members=3, answered=1"},
		{GroupReach{12, 10}, "key=none&valuedata=info", 404, "members=12, answered=10"},
		{GroupReach{1, 0}, "key=hello&target=127.0.0.1:7721", 200, "members=1, answered=0"},
		{GroupReach{}, "key=hello&target=nobody:1", 404, "members=0, answered=0"},
		{GroupReach{1, 1}, "key=none", 404, "members=1, answered=1"},
		{GroupReach{3, 2}, "key=big", 200, "members=3, answered=2"},
		{GroupReach{3, 2}, "key=big&valuedata=info", 200, "members=3, answered=2"},
		{GroupReach{3, 2}, "key=", 500, ""}, // nobody was asked
	} {
		g.reach = tt.reach
		a := get(tt.path)
		if a.status != tt.status || a.header.Get("Owlcache-Group") != tt.header {
			t.Errorf("%s: status %d, %q, want %q", tt.path, a.status, a.header.Get("Owlcache-Group"), tt.header)
		}
	}
	if a := n.get("/group_data/?cmd=set&key=hello"); a.header.Get("Owlcache-Group") != "" {
		t.Errorf("another command: %v", a.header)
	}
	if a := n.cmd("cmd", "get", "key", "hello"); a.header.Get("Owlcache-Group") != "" {
		t.Errorf("on /data/: %v", a.header)
	}
	if body := n.get("/metrics").body; !strings.Contains(body, "\nowlcache_group_incomplete_answers_total 7\n") {
		t.Error("seven answers were incomplete, the metrics do not say so")
	}
}

// TestGroupReachAfterAWait: what is answered is what the second question has found, and so
// is what is said of it. It counts once.
func TestGroupReachAfterAWait(t *testing.T) {
	n, g := startGrouped(t, nil)
	n.answers.patience = 20 * time.Second
	g.answers["big"] = []GroupAnswer{{Address: "a:1", Value: make([]byte, 128<<10), Created: time.Unix(1, 0).UTC()}}
	for i, path := range []string{"/group_data/?cmd=get&key=big", "/group_data/?cmd=get&key=big&valuedata=info"} {
		g.asked = 0
		g.onAsked = func() { g.reach = GroupReach{Members: 3, Answered: g.asked} } // one more each time
		feed := n.starve(0)
		done := make(chan answer)
		go func() { done <- n.get(path) }()
		n.answers.wantWaiter(t)
		feed()
		if a := <-done; a.status != 200 || a.header.Get("Owlcache-Group") != "members=3, answered=1" {
			t.Errorf("%s: status %d, %v", path, a.status, a.header)
		}
		if got := n.incomplete.Load(); got != uint64(i+1) {
			t.Errorf("%s: %d are counted", path, got)
		}
	}
}
