package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"owlcache/engine"
)

// fakeGroup is a group whose answers a test sets, by key.
type fakeGroup struct {
	mu      sync.Mutex
	answers map[string][]GroupAnswer // the newest first
	status  []MemberStatus
	reach   GroupReach
	onAsked func() // called before a question is answered
	asked   int
}

func (g *fakeGroup) Query(_ context.Context, key []byte, target string) ([]GroupAnswer, GroupReach) {
	if g.onAsked != nil {
		g.onAsked()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	found := []GroupAnswer{}
	for _, a := range g.answers[string(key)] {
		if target == "" || a.Address == target {
			found = append(found, a)
		}
	}
	return found, g.reach
}

func (g *fakeGroup) Newest(ctx context.Context, dst, key []byte, target string) ([]byte, time.Time, GroupReach, bool) {
	found, reach := g.Query(ctx, key, target)
	if len(found) == 0 {
		return dst, time.Time{}, reach, false
	}
	return append(dst, found[0].Value...), found[0].Created, reach, true
}

func (g *fakeGroup) Status() []MemberStatus { return g.status }

// startGrouped starts a server over a group that has something.
func startGrouped(t testing.TB, change func(*Options)) (*node, *fakeGroup) {
	t.Helper()
	east := time.FixedZone("", 8*3600)
	g := &fakeGroup{answers: map[string][]GroupAnswer{
		"hello": {
			{Address: "127.0.0.1:7723", Value: []byte("world"), Created: time.Date(2025, 2, 21, 13, 2, 35, 587603100, east)},
			{Address: "127.0.0.1:7721", Value: []byte("old\x00\xff"), Created: time.Date(2025, 2, 20, 1, 2, 3, 0, time.UTC)},
			{Address: "[::1]:7725", Value: []byte{}, Created: time.Time{}},
		},
		`a "<b>&`:   {{Address: "127.0.0.1:7723", Value: []byte("odd"), Created: time.Date(2025, 2, 21, 0, 0, 0, 1, time.UTC)}},
		"year-3000": {{Address: "127.0.0.1:7723", Value: []byte("far"), Created: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	}}
	n := startLoading(t, change)
	n.SetGroup(g)
	n.Ready(n.store)
	return n, g
}

func (n *node) group(pairs ...string) answer {
	n.t.Helper()
	return n.get("/group_data/?" + encode(pairs...))
}

func TestGroupGet(t *testing.T) {
	n, _ := startGrouped(t, nil)
	const zero = "0001-01-01 00:00:00 +0000 UTC"
	tests := []struct {
		key, target  string
		status       int
		body, reason string
		created      string
	}{
		{"hello", "", 200, "world", "", "2025-02-21 05:02:35.5876031 +0000 UTC"},
		{"hello", "127.0.0.1:7721", 200, "old\x00\xff", "", "2025-02-20 01:02:03 +0000 UTC"},
		{"hello", "[::1]:7725", 200, "", "", zero},
		{"hello", "127.0.0.1:9999", 404, "", "key not found", zero},
		{"year-3000", "", 200, "far", "", zero},
		{"none", "", 404, "", "key not found", zero},
		{"", "", 500, "", "key is empty", zero},
		{strings.Repeat("k", engine.MaxKeySize+1), "", 500, "", "key is too large", zero},
	}
	for _, tt := range tests {
		form := encode("cmd", "get", "key", tt.key, "target", tt.target)
		for _, a := range []answer{
			n.get("/group_data/?" + form), n.get("/group_data?" + form),
			n.do(n.request("POST", "/group_data/", formType, form)),
		} {
			if a.status != tt.status || a.body != tt.body || a.reason() != tt.reason {
				t.Errorf("%.20q on %q: status %d, body %q, reason %q", tt.key, tt.target, a.status, a.body, a.reason())
			}
			if got := a.header.Get("Keycreatetime"); got != tt.created {
				t.Errorf("%.20q on %q: Keycreatetime %q", tt.key, tt.target, got)
			}
			if a.header.Get("Responsehost") != n.addr || a.header.Get("Content-Type") != typeRaw {
				t.Errorf("%.20q: %v", tt.key, a.header)
			}
			if got := a.header.Get("Key"); got != tt.key[:min(len(tt.key), engine.MaxKeySize)] {
				t.Errorf("%.20q: Key %.20q", tt.key, got)
			}
		}
	}
}

func TestGroupInfo(t *testing.T) {
	n, _ := startGrouped(t, nil)
	element := func(address, data, key, created string) string {
		return `{"Address":"` + address + `","Data":"` + data + `","Key":"` + key + `","KeyCreateTime":"` + created + `","Status":200}`
	}
	first := element("127.0.0.1:7723", "d29ybGQ=", "hello", "2025-02-21T13:02:35.5876031+08:00")
	second := element("127.0.0.1:7721", b64("old\x00\xff"), "hello", "2025-02-20T01:02:03Z")
	third := element("[::1]:7725", "", "hello", "0001-01-01T00:00:00Z")
	for _, tt := range []struct {
		key, target string
		status      int
		body        string
	}{
		{"hello", "", 200, "[" + first + "," + second + "," + third + "]"},
		{"hello", "127.0.0.1:7721", 200, "[" + second + "]"},
		{"hello", "127.0.0.1:1", 404, "[]"},
		{`a "<b>&`, "", 200, "[" + element("127.0.0.1:7723", b64("odd"), `a \"\u003cb\u003e\u0026`, "2025-02-21T00:00:00.000000001Z") + "]"},
		{"none", "", 404, "[]"},
		{"", "", 500, ""},
	} {
		a := n.group("cmd", "get", "key", tt.key, "valuedata", "info", "target", tt.target)
		if a.status != tt.status || a.body != tt.body {
			t.Errorf("%q on %q: status %d, body\n%s\nwant\n%s", tt.key, tt.target, a.status, a.body, tt.body)
		}
		if tt.status != 500 && a.header.Get("Content-Type") != typeJSON {
			t.Errorf("%q: %v", tt.key, a.header)
		}
	}
}

// TestGroupInfoIsWhatJSONSays compares with encoding/json.
func TestGroupInfoIsWhatJSONSays(t *testing.T) {
	n, g := startGrouped(t, nil)
	type element struct {
		Address       string
		Data          []byte
		Key           string
		KeyCreateTime time.Time
		Status        int
	}
	for key, found := range g.answers {
		want := []element{}
		for _, a := range found {
			want = append(want, element{a.Address, a.Value, key, a.Created, 200})
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if a := n.group("cmd", "get", "key", key, "valuedata", "info"); a.body != string(text) {
			t.Errorf("%q:\n%s\nwant\n%s", key, a.body, text)
		}
	}
}

func TestGroupOtherCommands(t *testing.T) {
	n, g := startGrouped(t, nil)
	for _, cmd := range []string{"", "set", "GET", "exist", "delete", "ping", "pass", groupName} {
		a := n.group("cmd", cmd, "key", "hello", "valuedata", "x", "token", n.token())
		want := `{"Cmd":"` + cmd + `","Status":501,"Results":"UNKNOWN_COMMAND","Key":"hello","Data":null,"ResponseHost":"` + n.addr +
			`","KeyCreateTime":"0001-01-01T00:00:00Z"}`
		if a.status != 501 || a.body != want {
			t.Errorf("%q: status %d, body\n%s\nwant\n%s", cmd, a.status, a.body, want)
		}
	}
	if a := n.cmd("cmd", groupName, "key", "hello"); a.status != 501 {
		t.Errorf("%s on /data/: status %d", groupName, a.status)
	}
	if g.asked != 0 || n.store.writes() != 0 {
		t.Errorf("%d questions, %d writes", g.asked, n.store.writes())
	}
}

func TestGroupHead(t *testing.T) {
	n, _ := startGrouped(t, nil)
	a := n.do(n.request("HEAD", "/group_data/?cmd=get&key=hello", "", ""))
	if a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "5" {
		t.Errorf("status %d, body %q, length %q", a.status, a.body, a.header.Get("Content-Length"))
	}
}

// TestGroupBrokenForm: what cannot be read is no question.
func TestGroupBrokenForm(t *testing.T) {
	n, g := startGrouped(t, nil)
	if a := n.get("/group_data/?cmd=get&key=hello%zz"); a.status != 500 || a.reason() != "broken percent escape" || g.asked != 0 {
		t.Errorf("status %d, reason %q", a.status, a.reason())
	}
}

func TestNoGroup(t *testing.T) {
	n := start(t, nil)
	if a := n.group("cmd", "get", "key", "k"); a.status != 503 || a.reason() == "" {
		t.Errorf("status %d, reason %q", a.status, a.reason())
	}
	if a := n.get("/metrics"); a.status != 200 || strings.Contains(a.body, "owlcache_group") {
		t.Errorf("status %d", a.status)
	}
}

// TestGroupLarge: large answers share the budget of all large answers, and give it back.
func TestGroupLarge(t *testing.T) {
	n, g := startGrouped(t, func(o *Options) { o.MaxBodyMemory = 6 << 20 })
	n.answers.patience = 20 * time.Second
	value := bytes.Repeat([]byte("0123456789abcdef"), 256<<10) // in JSON nearly the whole budget
	g.answers["big"] = []GroupAnswer{{Address: "a:1", Value: value, Created: time.Unix(1, 0).UTC()}}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if i%2 == 0 {
				if a := n.group("cmd", "get", "key", "big"); a.status != 200 || a.body != string(value) {
					t.Errorf("status %d, %d bytes", a.status, len(a.body))
				}
				return
			}
			a := n.group("cmd", "get", "key", "big", "valuedata", "info")
			var info []struct{ Data []byte }
			if err := json.Unmarshal([]byte(a.body), &info); err != nil || len(info) != 1 || !bytes.Equal(info[0].Data, value) {
				t.Errorf("status %d, %d bytes, %v", a.status, len(a.body), err)
			}
		})
	}
	wg.Wait()
	n.answers.wantWhole(t)
}

func TestGroupMetrics(t *testing.T) {
	n, g := startGrouped(t, nil)
	latency := engine.Histogram{Bounds: []float64{0.001, 0.01}, Counts: []uint64{5, 3, 2}, Sum: 0.5}
	g.status = []MemberStatus{
		{Address: "a:1", State: "up", LastContact: time.UnixMilli(1234500), Requests: 12, Errors: 2, CacheHits: 99, Latency: latency},
		{Address: "self:1", Self: true, State: "up"},
		{Address: "b:1", State: "down", LastError: "secret", Requests: 3, Errors: 3},
		{Address: "c:1", State: "unknown"},
	}
	n.group("cmd", "get", "key", "hello")
	n.group("cmd", "get", "key", "none")
	body := n.get("/metrics").body
	for _, line := range []string{
		`owlcache_http_requests_total{cmd="group_get",status="200"} 1`,
		`owlcache_http_requests_total{cmd="group_get",status="404"} 1`,
		`owlcache_group_member_up{member="a:1"} 1`,
		`owlcache_group_member_up{member="b:1"} 0`,
		`owlcache_group_member_last_contact_timestamp_seconds{member="a:1"} 1234.5`,
		`owlcache_group_member_requests_total{member="a:1"} 12`,
		`owlcache_group_member_errors_total{member="b:1"} 3`,
		`owlcache_group_member_cache_hits_total{member="a:1"} 99`,
		`owlcache_group_member_request_duration_seconds_bucket{member="a:1",le="0.01"} 8`,
		`owlcache_group_member_request_duration_seconds_count{member="a:1"} 10`,
		`owlcache_group_member_requests_total{member="c:1"} 0`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, text := range []string{"self:1", "secret", `up{member="c:1"}`, `timestamp_seconds{member="b:1"}`} {
		if strings.Contains(body, text) {
			t.Errorf("%s is in the metrics", text)
		}
	}
	g.status = g.status[:1] // the others have left
	if body := n.get("/metrics").body; strings.Contains(body, "b:1") || !strings.Contains(body, `member="a:1"`) {
		t.Error("a member that has left is in the metrics")
	}
}

func BenchmarkHandlerGroupGet(b *testing.B) {
	benchGroupHandler(b, "/group_data/?cmd=get&key=hello", 200)
}

func BenchmarkHandlerGroupInfo(b *testing.B) {
	benchGroupHandler(b, "/group_data/?cmd=get&key=hello&valuedata=info", 200)
}

func benchGroupHandler(b *testing.B, uri string, want int) {
	s, c, _ := benchServer(b)
	found := []GroupAnswer{}
	for i := range 3 {
		found = append(found, GroupAnswer{Address: fmt.Sprintf("127.0.0.1:%d", i), Value: make([]byte, 100), Created: time.Unix(int64(i), 0)})
	}
	slices.SortFunc(found, func(x, y GroupAnswer) int { return cmp.Compare(y.Created.Unix(), x.Created.Unix()) })
	s.SetGroup(&fakeGroup{answers: map[string][]GroupAnswer{"hello": found}})
	var ctx fasthttp.RequestCtx
	ctx.Init2(c, nil, false)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Request.Header.SetRequestURI(uri)
		ctx.Request.Header.SetHost("127.0.0.1:7721")
		s.handle(&ctx)
		if ctx.Response.StatusCode() != want {
			b.Fatalf("status %d: %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
		ctx.Request.Reset()
		ctx.Response.Reset()
	}
}
