package apitest

import (
	"context"
	"owlcache/api"
	"owlcache/api/status"
	"sync"
	"testing"
	"time"
)

// Group is a group whose answers a test sets, by key.
type Group struct {
	Mu      sync.Mutex
	Answers map[string][]api.GroupAnswer // the newest first
	Members []status.Member
	Reach   api.GroupReach
	OnAsked func() // called before a question is answered
	Asked   int
}

func (g *Group) Query(_ context.Context, key []byte, target string) ([]api.GroupAnswer, api.GroupReach) {
	if g.OnAsked != nil {
		g.OnAsked()
	}
	g.Mu.Lock()
	defer g.Mu.Unlock()
	g.Asked++
	found := []api.GroupAnswer{}
	for _, a := range g.Answers[string(key)] {
		if target == "" || a.Address == target {
			found = append(found, a)
		}
	}
	return found, g.Reach
}

func (g *Group) Newest(ctx context.Context, dst, key []byte, target string) ([]byte, time.Time, api.GroupReach, bool) {
	found, reach := g.Query(ctx, key, target)
	if len(found) == 0 {
		return dst, time.Time{}, reach, false
	}
	return append(dst, found[0].Value...), found[0].Created, reach, true
}

func (g *Group) Status() []status.Member { return g.Members }

// StartGrouped starts a server over a group that has something.
func StartGrouped(t testing.TB, change func(*api.Options)) (*Node, *Group) {
	t.Helper()
	east := time.FixedZone("", 8*3600)
	g := &Group{Answers: map[string][]api.GroupAnswer{
		"hello": {
			{Address: "127.0.0.1:7723", Value: []byte("world"), Created: time.Date(2025, 2, 21, 13, 2, 35, 587603100, east)},
			{Address: "127.0.0.1:7721", Value: []byte("old\x00\xff"), Created: time.Date(2025, 2, 20, 1, 2, 3, 0, time.UTC)},
			{Address: "[::1]:7725", Value: []byte{}, Created: time.Time{}},
		},
		`a "<b>&`:   {{Address: "127.0.0.1:7723", Value: []byte("odd"), Created: time.Date(2025, 2, 21, 0, 0, 0, 1, time.UTC)}},
		"year-3000": {{Address: "127.0.0.1:7723", Value: []byte("far"), Created: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	}}
	n := StartLoading(t, change)
	n.SetGroup(g)
	n.Ready(n.Store)
	return n, g
}

// Group asks /group_data/.
func (n *Node) Group(pairs ...string) Answer {
	n.T.Helper()
	return n.Get("/group_data/?" + Encode(pairs...))
}
