package clustercmd

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/term"
)

const clusterAnswer = `{"data_sync":true,"node":"00000000000000aa","address":"10.0.0.1:7946","synced":true,"last_match":"2026-11-22T16:00:00Z","removed":false,"inbox_bytes":2048,` +
	`"peers":[{"node":"00000000000000bb","address":"10.0.0.2:7946","state":"alive","since":"2026-11-22T15:00:00Z","last_match":"2026-11-22T16:00:00Z","skew_ms":-1500,"tcp_only":true,` +
	`"queue_bytes":1024,"pushed":4000,"dropped":5,"sent":6,"last_error":"of an earlier time"},` +
	`{"node":"","address":"10.0.0.3:7946","state":"gone","since":"2026-11-22T16:00:00Z","last_match":null,"skew_ms":0,"tcp_only":false,"queue_bytes":0,"pushed":0,"dropped":0,"sent":0,"last_error":"refused\u001b[31m"}],` +
	`"counters":{"received":1000,"merged":2,"healed":3,"stale":4,"skewed":5,"invalid":6,"overflow":7,"forgotten":8,"rounds":9,"aborted":10,"matches":11,"differs":12,"bad_frames":13,"bad_messages":14,"refused":15}}` + "\n"

func TestShowCluster(t *testing.T) {
	var state status.Sync
	if err := json.Unmarshal([]byte(clusterAnswer), &state); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 16, 0, 30, 0, time.UTC)
	for _, tt := range []struct {
		print func(*bufio.Writer, *status.Sync, time.Time)
		want  string
	}{
		{printMembers, `NODE              ADDRESS        STATE      SINCE    MATCH     SKEW    QUEUE  DROPPED  NOTE
00000000000000aa  10.0.0.1:7946  this node  -        30s ago      -        -        -  -
00000000000000bb  10.0.0.2:7946  alive      1h ago   30s ago  -1.5s  1.0 KiB        5  UDP does not get through
-                 10.0.0.3:7946  gone       30s ago  never        -      0 B        0  refused\x1b[31m
`},
		{printStatus, `node      00000000000000aa at 10.0.0.1:7946
in sync   yes, last match 30s ago
members   1 alive, 0 suspect, 1 gone, 0 left
waiting   1.0 KiB to be sent, 2.0 KiB to be merged
sent      4,000 changes pushed, 5 dropped; 6 entries by rounds
received  1,000 entries: 2 merged (3 of them by rounds), 4 not newer, 5 refused for their clock, 6 invalid
forgotten 8 entries that the group had deleted while this node was away
compared  11 times the same, 12 times different; 9 rounds, 10 of them given up
refused   13 frames with another key or garbled, 14 messages without sense, 15 connections over the limit, 7 messages over the memory for them
`},
	} {
		var b strings.Builder
		w := bufio.NewWriter(&b)
		tt.print(w, &state, now)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, b.String()); d != "" {
			t.Error(d)
		}
	}
}

func TestClusterCommands(t *testing.T) {
	const off = `{"data_sync":false}` + "\n"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		args   []string
		code   int
		text   string // in the output or the message
	}{
		{"members", 200, clusterAnswer, []string{"members"}, 0, "00000000000000bb  10.0.0.2:7946  alive"},
		{"members", 200, clusterAnswer, []string{"members", "-o", "json"}, 0, `{"data_sync":true,"node":"00000000000000aa","address":"10.0.0.1:7946","peers":[{"node":"00000000000000bb",`},
		{"status", 200, clusterAnswer, []string{"status"}, 0, "members   1 alive"},
		{"status", 200, clusterAnswer, []string{"status", "-o", "json"}, 0, clusterAnswer},
		{"off", 200, off, []string{"status"}, term.CodeFailed, "data sync is off on this node"},
		{"off", 200, off, []string{"status", "-o", "json"}, term.CodeFailed, off},
		{"off", 200, off, []string{"members", "-o", "json"}, term.CodeFailed, off},
		{"older", 404, "no such path\n", []string{"members"}, term.CodeFailed, "an older owlcache, or none"},
		{"loading", 503, "loading\n", []string{"members"}, term.CodeUnavailable, "not available"},
		{"another server", 200, "<html>", []string{"status"}, term.CodeFailed, "as an owlcache node does"},
		{"another answer", 200, "{}", []string{"status"}, term.CodeFailed, "as an owlcache node does"},
		{"bad token", 401, "missing\n", []string{"status"}, term.CodeDenied, "not authorised"},
		{"usage", 200, off, []string{"members", "x"}, term.CodeUsage, "unknown command"},
	} {
		code, stdout, stderr := runGroup(t, tt.status, tt.body, append([]string{"cluster"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stdout+stderr, tt.text) {
			t.Errorf("%s: %v: exit code %d, want %d\n%s%s", tt.name, tt.args, code, tt.code, stdout, stderr)
		}
	}
}

// A token that has expired is replaced once, and a busy node is asked again.
func TestSessionAsksAgain(t *testing.T) {
	a := startDiffNode(t)
	a.merge(entry("hello", "world", 1))
	password := "correct horse battery"
	c, err := client.New(a.addr, e2e.Patience, func() (string, error) { return password, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &diffSide{Session: client.NewSession(c, "expired")}
	if err := s.fetchDigest(t.Context()); err != nil || s.entries != 1 {
		t.Errorf("%d entries, %v", s.entries, err)
	}
	s.Session, password = client.NewSession(c, "expired"), "wrong"
	if err := s.fetchDigest(t.Context()); term.Finish(&strings.Builder{}, err) != term.CodeDenied {
		t.Errorf("%v", err)
	}

	asked := 0
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"key":"aGVsbG8=","version":"1.2@3","tombstone":true,"size":0}` + "\n"))
	}))
	defer node.Close()
	if c, err = client.New(node.URL, e2e.Patience, nil); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s = &diffSide{Session: client.NewSession(c, "good")}
	var got []string
	err = s.entriesOf(t.Context(), "buckets=1", func(key []byte, state entryState) { got = append(got, string(key)+" "+state.String()) })
	if err != nil || len(got) != 1 || got[0] != "hello 1.2@3" || asked != 2 {
		t.Errorf("%q, %v, asked %d times", got, err, asked)
	}
}

// An answer that is cut off in the middle is no short list.
func TestEntriesThatAreCutOff(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"key":"aGVsbG8=","version":"1.2@3","tombstone":true,"size":0}` + "\n"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer node.Close()
	c, err := client.New(node.URL, e2e.Patience, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &diffSide{Session: client.NewSession(c, "good")}
	if err := s.entriesOf(t.Context(), "buckets=1", func([]byte, entryState) {}); term.Finish(&strings.Builder{}, err) != term.CodeUnavailable {
		t.Errorf("%v", err)
	}
}
