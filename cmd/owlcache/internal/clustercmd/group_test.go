package clustercmd

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/cmd/owlcache/internal/term/termtest"
)

func TestGroupTables(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	contact, future := now.Add(-90*time.Second), now.Add(time.Hour)
	busy := status.Member{Address: "a:1", State: "up", LastContact: &contact, Requests: 10, Errors: 1, CacheHits: 7, LastError: "too large"}
	busy.Latency.Count, busy.Latency.Seconds = 4, 0.01
	s := status.Groups{
		Mode: "Http",
		Owlcache: []status.Member{
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
	for only, want := range map[string]string{"": owlcache + "\n" + gossip, "owlcache": owlcache, "gossip": gossip} {
		var b strings.Builder
		if err := printGroups(&b, &s, only, now); err != nil || b.String() != want {
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
	return execute(t, append(args, "--addr", server.URL)...)
}

// execute runs one of the commands.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	p := &term.Process{Env: []string{"OWLCACHE_PASS=a-good-password"}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	code = termtest.Run(t.Context(), p, args, GroupCommand(p), ClusterCommand(p))
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
		c, err := client.New(addr, time.Second, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Path("server/").String(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
