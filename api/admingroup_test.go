package api

import (
	"context"
	"testing"
	"time"

	"owlcache/engine"
)

// statusGroup is a group of which only the state is known.
type statusGroup struct{ members []MemberStatus }

func (g *statusGroup) Query(context.Context, []byte, string) ([]GroupAnswer, GroupReach) {
	return nil, GroupReach{}
}

func (g *statusGroup) Newest(_ context.Context, dst, _ []byte, _ string) ([]byte, time.Time, GroupReach, bool) {
	return dst, time.Time{}, GroupReach{}, false
}

func (g *statusGroup) Status() []MemberStatus { return g.members }

func TestAdminGroup(t *testing.T) {
	n, _, gossip := startWithLists(t, func(o *Options) { o.GroupMode = "Http" })
	get := func() answer { return n.get("/admin/group?" + encode("token", n.token())) }
	if a := get(); a.status != 200 || a.body != `{"mode":"Http","owlcache":[],"gossip":[]}`+"\n" {
		t.Errorf("nothing there: status %d, %s", a.status, a.body)
	}
	gossip.members = []string{"node:7946"}
	n.SetGroup(&statusGroup{[]MemberStatus{
		{Address: "127.0.0.1:7721", Self: true, State: "up"},
		{
			Address: "node:1", State: "down", LastContact: time.Date(2026, 11, 22, 12, 0, 0, 5, time.FixedZone("x", 3600)), LastError: "refused",
			Requests: 5, Errors: 2, CacheHits: 7, Latency: engine.Histogram{Bounds: []float64{0.001, 1}, Counts: []uint64{1, 2, 0}, Sum: 0.25},
		},
	}})
	want := `{"mode":"Http","owlcache":[` +
		`{"address":"127.0.0.1:7721","self":true,"state":"up","last_contact":null,"requests":0,"errors":0,"cache_hits":0,"latency":{"count":0,"seconds":0,"bounds":[],"counts":[]}},` +
		`{"address":"node:1","self":false,"state":"down","last_contact":"2026-11-22T11:00:00.000000005Z","last_error":"refused","requests":5,"errors":2,"cache_hits":7,` +
		`"latency":{"count":3,"seconds":0.25,"bounds":[0.001,1],"counts":[1,2,0]}}],"gossip":["node:7946"]}` + "\n"
	a := get()
	if a.status != 200 || a.body != want || a.header.Get("Content-Type") != typeJSON || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v\n got %s\nwant %s", a.status, a.header, a.body, want)
	}
	if a := n.do(n.request("POST", "/admin/group?"+encode("token", n.token()), "", "")); a.status != 405 {
		t.Errorf("POST: status %d", a.status)
	}
}
