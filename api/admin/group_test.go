package admin_test

import (
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/api/status"
	"owlcache/engine"
)

func TestAdminGroup(t *testing.T) {
	n, _, gossip := apitest.StartWithLists(t, func(o *api.Options) { o.GroupMode = "Http" })
	get := func() apitest.Answer { return n.Get("/admin/group?" + apitest.Encode("token", n.Token())) }
	if a := get(); a.Status != 200 || a.Body != `{"mode":"Http","owlcache":[],"gossip":[]}`+"\n" {
		t.Errorf("nothing there: status %d, %s", a.Status, a.Body)
	}
	gossip.Addresses = []string{"node:7946"}
	n.SetGroup(&apitest.Group{Members: []status.Member{
		{Address: "127.0.0.1:7721", Self: true, State: "up", Latency: status.LatencyOf(engine.Histogram{})},
		{
			Address: "node:1", State: "down", LastContact: status.At(time.Date(2026, 11, 22, 12, 0, 0, 5, time.FixedZone("x", 3600))), LastError: "refused",
			Requests: 5, Errors: 2, CacheHits: 7, Latency: status.LatencyOf(engine.Histogram{Bounds: []float64{0.001, 1}, Counts: []uint64{1, 2, 0}, Sum: 0.25}),
		},
	}})
	want := `{"mode":"Http","owlcache":[` +
		`{"address":"127.0.0.1:7721","self":true,"state":"up","last_contact":null,"requests":0,"errors":0,"cache_hits":0,"latency":{"count":0,"seconds":0,"bounds":[],"counts":[]}},` +
		`{"address":"node:1","self":false,"state":"down","last_contact":"2026-11-22T11:00:00.000000005Z","last_error":"refused","requests":5,"errors":2,"cache_hits":7,` +
		`"latency":{"count":3,"seconds":0.25,"bounds":[0.001,1],"counts":[1,2,0]}}],"gossip":["node:7946"]}` + "\n"
	a := get()
	if a.Status != 200 || a.Body != want || a.Header.Get("Content-Type") != exchange.TypeJSON || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v\n got %s\nwant %s", a.Status, a.Header, a.Body, want)
	}
	if a := n.Do(n.Request("POST", "/admin/group?"+apitest.Encode("token", n.Token()), "", "")); a.Status != 405 {
		t.Errorf("POST: status %d", a.Status)
	}
}
