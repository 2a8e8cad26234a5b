package main

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/cluster"
	"owlcache/cluster/group"
	"owlcache/cluster/group/ask"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

func TestSelfAddresses(t *testing.T) {
	for _, tt := range []struct {
		response, host, listener string
		want                     []string // in this order, without those of the interfaces
		not                      []string
	}{
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:7721", []string{"127.0.0.1:7721", "localhost:7721"}, []string{"[::1]:7721", "0.0.0.0:7721"}},
		{"Node.Example", "localhost", "127.0.0.1:80", []string{"node.example:80", "localhost:80", "127.0.0.1:80"}, nil},
		{"127.0.0.1", "::1", "[::1]:7721", []string{"[::1]:7721", "localhost:7721"}, []string{"127.0.0.1:7721"}},
		{"127.0.0.1", "127.0.0.2", "127.0.0.2:7721", []string{"127.0.0.2:7721"}, []string{"127.0.0.1:7721", "localhost:7721"}},
		{"10.9.8.7", "10.9.8.7", "10.9.8.7:7721", []string{"10.9.8.7:7721"}, []string{"localhost:7721", "127.0.0.1:7721"}},
		{"10.9.8.7", "0.0.0.0", "0.0.0.0:7721", []string{"10.9.8.7:7721", "0.0.0.0:7721", "localhost:7721", "127.0.0.1:7721"}, []string{"[::1]:7721"}},
		{"[2001:DB8::7]", "[::]", "[::]:7721", []string{"[2001:db8::7]:7721", "[::]:7721", "localhost:7721", "127.0.0.1:7721", "0.0.0.0:7721", "[::1]:7721"}, nil},
		{"no such host!", "127.0.0.2", "127.0.0.2:7721", []string{"127.0.0.2:7721"}, []string{"localhost:7721"}},
	} {
		addr, err := net.ResolveTCPAddr("tcp", tt.listener)
		if err != nil {
			t.Fatal(err)
		}
		got := selfAddresses(tt.response, tt.host, addr, ownAddresses(addr))
		if len(got) < len(tt.want) || !slices.Equal(got[:len(tt.want)], tt.want) {
			t.Errorf("%s on %s: %q, want %q", tt.response, tt.listener, got, tt.want)
		}
		for _, a := range tt.not {
			if slices.Contains(got, a) {
				t.Errorf("%s on %s: %q has %s", tt.response, tt.listener, got, a)
			}
		}
		if !addr.IP.IsUnspecified() && len(got) != len(tt.want) {
			t.Errorf("%s on %s: %q, want only %q", tt.response, tt.listener, got, tt.want)
		}
	}
	// Whatever the interfaces of this machine are, each is its own once it listens on all.
	addr := &net.TCPAddr{IP: net.IPv6unspecified, Port: 7721}
	self := selfAddresses("127.0.0.1", "::", addr, ownAddresses(addr))
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if a, err := cluster.ParseAddress(name + ":7721"); err == nil && !slices.Contains(self, a) {
		t.Errorf("%q has no %s", self, a)
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range interfaces {
		if n, ok := a.(*net.IPNet); ok && !slices.Contains(self, net.JoinHostPort(n.IP.String(), "7721")) {
			t.Errorf("%q has no %s", self, n.IP)
		}
	}
}

func TestClusterOptions(t *testing.T) {
	parse := func(file string) group.Options {
		t.Helper()
		c, errs := config.Parse("f", []byte(file))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		return clusterOptions(&c)
	}
	// The defaults of the configuration are those of the package.
	want := group.Options{
		CacheLifetime: group.DefaultCacheLifetime, CacheBytes: group.DefaultCacheBytes,
		Options: ask.Options{
			RequestTimeout: ask.DefaultRequestTimeout, MaxValueSize: 16 << 20, WriteWait: ask.DefaultWriteWait, MaxMessageSize: ask.DefaultMaxMessageSize,
			MinReconnect: ask.DefaultMinReconnect, MaxReconnect: ask.DefaultMaxReconnect, MessageBuffer: ask.DefaultMessageBuffer,
		},
	}
	same := func(a, b group.Options) bool {
		return a.Mode == b.Mode && a.RequestTimeout == b.RequestTimeout && a.CacheLifetime == b.CacheLifetime && a.CacheBytes == b.CacheBytes &&
			a.MaxValueSize == b.MaxValueSize && a.TLS == b.TLS && a.WriteWait == b.WriteWait && a.MaxMessageSize == b.MaxMessageSize &&
			a.MinReconnect == b.MinReconnect && a.MaxReconnect == b.MaxReconnect && a.MessageBuffer == b.MessageBuffer
	}
	if got := parse(""); !same(got, want) {
		t.Errorf("defaults: %+v, want %+v", got, want)
	}
	got := parse("GroupData_Mode Websocket\nHttpClientRequestTimeout 1\nHttpClientRequestLocalCacheLifeTime 0\nGroup_CacheSize 1MiB\nMaxValueSize 1KiB\n" +
		"Websocket_Client_WriteWait 3\nWebsocket_Client_MaxMessageSize 2KiB\nWebsocket_Client_MinRecTime 4\nWebsocket_Client_MaxRecTime 5\nWebsocket_Client_MessageBufferSize 6")
	want = group.Options{
		Mode: group.WebSocket, CacheLifetime: -1, CacheBytes: 1 << 20,
		Options: ask.Options{
			RequestTimeout: time.Millisecond, MaxValueSize: 1 << 10, WriteWait: 3 * time.Second, MaxMessageSize: 2 << 10,
			MinReconnect: 4 * time.Second, MaxReconnect: 5 * time.Second, MessageBuffer: 6,
		},
	}
	if !same(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if o := parse("HttpsClient_InsecureSkipVerify 1"); o.TLS != nil {
		t.Error("HTTPS without Group_Https")
	}
	if o := parse("Group_Https 1"); o.TLS == nil || o.TLS.InsecureSkipVerify {
		t.Errorf("%+v", o.TLS)
	}
	if o := parse("Group_Https 1\nHttpsClient_InsecureSkipVerify 1"); o.TLS == nil || !o.TLS.InsecureSkipVerify {
		t.Errorf("%+v", o.TLS)
	}
}

// What a list refuses reaches clients with its reason and without paths.
func TestMemberListErrors(t *testing.T) {
	d, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	lists, err := cluster.OpenLists(d, cluster.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := memberList{lists.Owlcache}
	for _, wantNew := range []bool{true, false} {
		if member, isNew, err := l.Add("Node:1"); err != nil || member != "node:1" || isNew != wantNew {
			t.Fatalf("Add: %q, %v, %v", member, isNew, err)
		}
	}
	if a, err := l.Find("nODE:01"); a != "node:1" || err != nil {
		t.Errorf("Find: %q, %v", a, err)
	}
	_, notThere := l.Find("node:2")
	_, noAddress := l.Find("node")
	_, notRemoved := l.Remove("node:2")
	_, removeNone := l.Remove("node")
	for name, err := range map[string]error{"Find": notThere, "Find of no address": noAddress, "Remove": notRemoved, "Remove of no address": removeNone} {
		if !errors.Is(err, api.ErrUnknownMember) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(noAddress.Error(), "there is no port") {
		t.Errorf("Find: %v", noAddress)
	}
	_, _, bad := l.Add("node")
	if refused, ok := errors.AsType[*api.MemberError](bad); !ok || !strings.Contains(refused.Reason, "there is no port") {
		t.Errorf("Add: %v", bad)
	}
	// Each says one thing to do.
	if err := os.Remove(d.File(datadir.GroupFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Add("other:1"); err == nil || err.Error() != "the file of the list has just gone: try again in a few seconds" {
		t.Errorf("the file has gone: %v", err)
	}
	for _, err := range []error{listError(&cluster.FileError{Path: "/secret/list.json", Line: 3, Column: 4, Err: errors.New("x")}), listError(cluster.ErrListFull)} {
		if refused, ok := errors.AsType[*api.MemberError](err); !ok || strings.Contains(refused.Reason, "secret") {
			t.Errorf("%v", err)
		}
	}
	if err := listError(fs.ErrPermission); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a disk error became %v", err)
	}
}

func TestGroupTables(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	contact, future := now.Add(-90*time.Second), now.Add(time.Hour)
	busy := memberState{Address: "a:1", State: "up", LastContact: &contact, Requests: 10, Errors: 1, CacheHits: 7, LastError: "too large"}
	busy.Latency.Count, busy.Latency.Seconds = 4, 0.01
	s := groupState{
		Mode: "Http",
		Owlcache: []memberState{
			busy,
			{Address: "127.0.0.1:7721", Self: true, State: "up"},
			{Address: "c:1", State: "down", LastContact: &future, LastError: "connection\nrefused"},
			{Address: "d:1", State: "unknown", LastError: "the member has answered with HTTP status 403"},
			{Address: "e:1", State: "unknown"},
		},
		Gossip: []string{"g:1"},
	}
	const owlcache = "owlcache group: 5 members, asked by Http\n" +
		"  ADDRESS         STATE      LAST CONTACT  REQUESTS  ERRORS  HITS  LATENCY  ERROR\n" +
		"  a:1             up         1m30s ago           10       1     7    2.5ms  too large\n" +
		"  127.0.0.1:7721  this node  -                    -       -     -        -  -\n" +
		"  c:1             down       0s ago               0       0     0        -  connection\\nrefused\n" +
		"  d:1             unknown    never                0       0     0        -  the member has answered with HTTP status 403\n" +
		"  e:1             unknown    never                0       0     0        -  -\n"
	const gossip = "gossip group: 1 member\n  ADDRESS\n  g:1\n"
	for only, want := range map[groupType]string{"": owlcache + "\n" + gossip, "owlcache": owlcache, "gossip": gossip} {
		var b strings.Builder
		if err := s.print(&b, only, now); err != nil || b.String() != want {
			t.Errorf("%q: %v\n got\n%s\nwant\n%s", only, err, b.String(), want)
		}
	}
}

// runGroup runs a group command against a server that answers the log-in and then body.
func runGroup(t *testing.T, status int, body string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/data/" {
			w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
			_, _ = w.Write([]byte(`{"Cmd":"pass","Status":200,"Results":"SUCCESS","Key":"","Data":"dG9rZW4=","ResponseHost":"","KeyCreateTime":"0001-01-01T00:00:00Z"}`))
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	var out, errs strings.Builder
	args = append(args, "--addr", server.URL)
	code = run(t.Context(), args, []string{"OWLCACHE_PASS=a-good-password"}, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestGroupCommandAgainstOtherServers(t *testing.T) {
	const page = "<html>welcome</html>"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		args   []string
		code   int
		text   string // in the output or the message
	}{
		{"0.5.1", 200, `{"Cmd":"getall","Status":200,"Results":"SUCCESS","Address":"","Data":[{"Cmd":"","Address":"a:1","Pass":"p","Token":"t"}]}`, []string{"group", "list"}, 0, "a:1\n"},
		{"0.5.1, empty", 200, `{"Cmd":"getall","Status":200,"Results":"SUCCESS","Address":"","Data":null}`, []string{"group", "list", "-o", "json"}, 0, `"members":[]`},
		{"0.5.1, token", 200, `{"Cmd":"getall","Status":401,"Results":"NOT_PASS","Address":"","Data":null}`, []string{"group", "list"}, term.CodeDenied, "not authorised"},
		{"0.5.1, unknown", 200, `{"Cmd":"delete","Status":404,"Results":"NOT_FOUND","Address":"a:1","Data":null}`, []string{"group", "remove", "a:1"}, term.CodeNotFound, "no such member"},
		{"0.5.1, state", 200, page, []string{"group"}, term.CodeFailed, "before 0.6"},
		{"before groups", 404, "no such path\n", []string{"group"}, term.CodeFailed, "before 0.6"},
		{"before groups", 404, "no such path\n", []string{"group", "list"}, term.CodeFailed, "no owlcache node"},
		{"loading", 503, "loading\n", []string{"group"}, term.CodeUnavailable, "not available"},
		{"loading", 503, "loading\n", []string{"group", "list"}, term.CodeUnavailable, "not available"},
		{"no state", 401, "missing\n", []string{"group"}, term.CodeDenied, "not authorised"},
		{"another server", 200, page, []string{"group", "add", "a:1"}, term.CodeFailed, "no owlcache node"},
		{"odd data", 200, `{"Status":200,"Results":"SUCCESS","Data":7}`, []string{"group", "list"}, term.CodeFailed, "not one of an owlcache node"},
	} {
		code, stdout, stderr := runGroup(t, tt.status, tt.body, tt.args...)
		if code != tt.code || !strings.Contains(stdout+stderr, tt.text) {
			t.Errorf("%s: %v: exit code %d, want %d\n%s%s", tt.name, tt.args, code, tt.code, stdout, stderr)
		}
	}
}

// A proxy may have the node below a path of its own.
func TestPathsBesideTheData(t *testing.T) {
	for addr, want := range map[string]string{
		"node.example":             "http://node.example:7721/server/",
		"https://node.example/owl": "https://node.example/owl/server/",
	} {
		c, err := newClient(addr, time.Second, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.path("server/").String(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
