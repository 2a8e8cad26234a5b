package classic_test

import (
	"fmt"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
	"time"
)

// TestGroupReach: every answer to a question says how many nodes have answered, and the
// answers that lack some are counted.
func TestGroupReach(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	n.Node.Answers.Patience = 20 * time.Second
	g.Answers["big"] = []api.GroupAnswer{{Address: "a:1", Value: make([]byte, 128<<10), Created: time.Unix(1, 0).UTC()}}
	get := func(path string) apitest.Answer { return n.Get("/group_data/?cmd=get&" + path) }
	for _, tt := range []struct {
		reach  api.GroupReach
		path   string
		status int
		header string
	}{
		{api.GroupReach{Members: 3, Answered: 3}, "key=hello", 200, "members=3, answered=3"},
		{api.GroupReach{Members: 3, Answered: 2}, "key=hello", 200, "members=3, answered=2"},
		{api.GroupReach{Members: 3, Answered: 1}, "key=none", 404, "members=3, answered=1"},
		{api.GroupReach{Members: 3, Answered: 1}, "key=hello&valuedata=info", 200, "members=3, answered=1"},
		{api.GroupReach{Members: 12, Answered: 10}, "key=none&valuedata=info", 404, "members=12, answered=10"},
		{api.GroupReach{Members: 1, Answered: 0}, "key=hello&target=127.0.0.1:7721", 200, "members=1, answered=0"},
		{api.GroupReach{}, "key=hello&target=nobody:1", 404, "members=0, answered=0"},
		{api.GroupReach{Members: 1, Answered: 1}, "key=none", 404, "members=1, answered=1"},
		{api.GroupReach{Members: 3, Answered: 2}, "key=big", 200, "members=3, answered=2"},
		{api.GroupReach{Members: 3, Answered: 2}, "key=big&valuedata=info", 200, "members=3, answered=2"},
		{api.GroupReach{Members: 3, Answered: 2}, "key=", 500, ""}, // nobody was asked
	} {
		g.Reach = tt.reach
		a := get(tt.path)
		if a.Status != tt.status || a.Header.Get("Owlcache-Group") != tt.header {
			t.Errorf("%s: status %d, %q, want %q", tt.path, a.Status, a.Header.Get("Owlcache-Group"), tt.header)
		}
	}
	if a := n.Get("/group_data/?cmd=set&key=hello"); a.Header.Get("Owlcache-Group") != "" {
		t.Errorf("another command: %v", a.Header)
	}
	if a := n.Cmd("cmd", "get", "key", "hello"); a.Header.Get("Owlcache-Group") != "" {
		t.Errorf("on /data/: %v", a.Header)
	}
	if body := n.Get("/metrics").Body; !strings.Contains(body, "\nowlcache_group_incomplete_answers_total 7\n") {
		t.Error("seven answers were incomplete, the metrics do not say so")
	}
}

// TestGroupReachAfterAWait: what is answered is what the second question has found, and so
// is what is said of it. It counts once.
func TestGroupReachAfterAWait(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	n.Node.Answers.Patience = 20 * time.Second
	g.Answers["big"] = []api.GroupAnswer{{Address: "a:1", Value: make([]byte, 128<<10), Created: time.Unix(1, 0).UTC()}}
	for i, path := range []string{"/group_data/?cmd=get&key=big", "/group_data/?cmd=get&key=big&valuedata=info"} {
		g.Asked = 0
		g.OnAsked = func() { g.Reach = api.GroupReach{Members: 3, Answered: g.Asked} } // one more each time
		feed := n.Starve(0)
		done := make(chan apitest.Answer)
		go func() { done <- n.Get(path) }()
		apitest.WantWaiter(t, n.Node.Answers)
		feed()
		if a := <-done; a.Status != 200 || a.Header.Get("Owlcache-Group") != "members=3, answered=1" {
			t.Errorf("%s: status %d, %v", path, a.Status, a.Header)
		}
		if line := fmt.Sprintf("\nowlcache_group_incomplete_answers_total %d\n", i+1); !strings.Contains(n.Get("/metrics").Body, line) {
			t.Errorf("%s: not counted", path)
		}
	}
}
