package group

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

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// TestGroup measures with little data. Of what it measures only the requests are looked
// at.
func TestGroup(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many servers")
	}
	var out, progress bytes.Buffer
	cmd := Command(&report.Printer{Stdout: &out, Stderr: &progress})
	cmd.SetArgs([]string{"--dir", t.TempDir(), "--keys", "500", "--conns", "4", "--seconds", "0.05", "--rounds", "2", "-o", "json"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var report report.LoadReport
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
	p, err := startProxy(member.Listener.Addr().String(), delay)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	c, err := load.Dial(t.Context(), p.addr, load.ParseHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, key := range []string{"a", "none", "b"} {
		started := time.Now()
		resp, err := c.Do(load.HTTPGet("/data/?cmd=get&key=" + key))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took < delay {
			t.Errorf("%s: answered after %v, want %v at least", key, took, delay)
		}
		if key == "none" != (resp.Status == 404) || key != "none" && string(resp.Body) != "value of "+key {
			t.Errorf("%s: %d, %q", key, resp.Status, resp.Body)
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
	p, err := startProxy(silent.Addr().String(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing is lost with it
		conns = append(conns, c)
	}
	if _, err := fmt.Fprint(conns[0], load.HTTPGet("/")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); p.requests.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the request has not come")
		}
	}
	p.close()
	for _, c := range conns[:2] {
		if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Error("a connection of a proxy that is closed gives an answer")
		}
	}
}

func TestAskAtOnceRefusesAnAnswer(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "found") }))
	defer node.Close()
	clients, err := dialClients(t.Context(), node.Listener.Addr().String(), 3)
	defer closeClients(clients)
	if err != nil {
		t.Fatal(err)
	}
	if err := askAtOnce(t.Context(), clients, "missing"); err == nil || !strings.Contains(err.Error(), "answered 200") {
		t.Errorf("%v", err)
	}
}
