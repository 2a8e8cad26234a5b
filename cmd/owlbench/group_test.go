package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestGroup measures with little data. Of what it measures only the requests are looked
// at.
func TestGroup(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many servers")
	}
	f := groupFlags{
		siteFlags: siteFlags{dir: t.TempDir()}, reportFlags: reportFlags{format: "json"},
		load: loadOptions{Conns: 4, Keys: 500, Seconds: 0.05, Rounds: 2},
	}
	var out, progress bytes.Buffer
	if err := runGroup(t.Context(), &printer{stdout: &out, stderr: &progress}, f); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var report loadReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) != 4 {
		t.Fatalf("report %+v", report)
	}
	for _, row := range report.Rows {
		if !(row.Owlcache > 0 && row.PeerFigure > 0) || len(row.OwlcacheRound) != 2 {
			t.Errorf("row %+v", row)
		}
		if row.Unit == "requests" && !row.OK {
			t.Errorf("members were asked more than once: %v", row.OwlcacheRound)
		}
	}
}

func TestGroupProxy(t *testing.T) {
	const delay = 20 * time.Millisecond
	member := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") == "none" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprint(w, "value of ", r.URL.Query().Get("key"))
	}))
	defer member.Close()
	p, err := startGroupProxy(member.Listener.Addr().String(), delay)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	c, err := dialClient(t.Context(), p.addr(), parseResponse)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for i, key := range []string{"a", "none", "b"} {
		started := time.Now()
		resp, err := c.do([]byte(httpGet("/data/?cmd=get&key="+key)), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took < delay {
			t.Errorf("%s: answered after %v, want %v at least", key, took, delay)
		}
		if key == "none" != (resp.status == 404) || key != "none" && string(resp.body) != "value of "+key {
			t.Errorf("%s: %d, %q", key, resp.status, resp.body)
		}
		if n := p.requests.Load(); n != int64(i+1) {
			t.Errorf("%d requests counted, want %d", n, i+1)
		}
	}
}

// A proxy ends although a client, and the member, keep their connections open.
func TestGroupProxyEnds(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing is lost with it
	p, err := startGroupProxy(silent.Addr().String(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var conns []*client
	for range 3 {
		c, err := dialClient(t.Context(), p.addr(), parseResponse)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		conns = append(conns, c)
	}
	if err := conns[0].send([]byte(httpGet("/")), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); p.requests.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the request has not come")
		}
	}
	p.close()
	if _, _, err := conns[1].receive(); err == nil {
		t.Error("a connection of a proxy that is closed gives an answer")
	}
}

func TestAskAtOnceRefusesAnAnswer(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "found") }))
	defer node.Close()
	clients, err := dialClients(t.Context(), node.Listener.Addr().String(), 3)
	for _, c := range clients {
		defer c.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := askAtOnce(t.Context(), clients, "missing"); err == nil || !strings.Contains(err.Error(), "answered 200") {
		t.Errorf("%v", err)
	}
}
