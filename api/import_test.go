package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"owlcache/engine"
)

// fakeImporter finds what is in a map. A key that begins with "slow" takes until it is
// released, or ctx ends.
type fakeImporter struct {
	values  map[string]string
	release chan struct{}

	mu    sync.Mutex
	asked []string // keys
	now   int      // questions under way
}

func newFakeImporter(values map[string]string) *fakeImporter {
	return &fakeImporter{values: values, release: make(chan struct{})}
}

const importedAt = 1_700_000_000_123456789

func (f *fakeImporter) Import(ctx context.Context, key []byte) ([]byte, engine.Meta, bool) {
	name := string(key)
	f.mu.Lock()
	f.asked = append(f.asked, name)
	f.now++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	if strings.HasPrefix(name, "slow") {
		select {
		case <-f.release:
		case <-ctx.Done():
			return nil, engine.Meta{}, false
		}
	}
	if name == "panic" {
		panic("the ship sank")
	}
	value, found := f.values[name]
	return []byte(value), engine.Meta{Created: importedAt, Size: len(value)}, found
}

func (f *fakeImporter) Status() []OriginStatus {
	return []OriginStatus{
		{Source: "memcached", Server: "10.0.0.5:11211", Up: true, Hits: 1, Misses: 2, Errors: 3, TooLarge: 4, Skipped: 5, Stored: 6, Unstored: 7,
			Latency: engine.Histogram{Bounds: []float64{0.5}, Counts: []uint64{8, 1}, Sum: 2.5}},
		{Source: "redis", Server: "10.0.0.6:6379", Latency: engine.Histogram{Bounds: []float64{0.5}, Counts: []uint64{0, 0}}},
	}
}

func (f *fakeImporter) underWay() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// startImporting starts a server with /ws that imports from f.
func startImporting(t testing.TB, f *fakeImporter, change func(*Options)) *node {
	t.Helper()
	n := startLoading(t, func(o *Options) {
		o.WebSocket = true
		if change != nil {
			change(o)
		}
	})
	n.SetImporter(f)
	n.Ready(n.store)
	return n
}

func TestGetImports(t *testing.T) {
	large := strings.Repeat("x", keepBuffer+1)
	f := newFakeImporter(map[string]string{"hello": "world", "empty": "", "binary": "\x00\r\n\xff", "large": large})
	n := startImporting(t, f, nil)
	n.mustSet("own", "of this node")
	for _, tt := range []struct {
		key    string
		status int
		body   string
	}{
		{"own", 200, "of this node"},
		{"hello", 200, "world"},
		{"empty", 200, ""},
		{"binary", 200, "\x00\r\n\xff"},
		{"large", 200, large},
		{"none", 404, ""},
		{"", 500, ""},
	} {
		a := n.cmd("cmd", "get", "key", tt.key)
		if a.status != tt.status || a.body != tt.body || a.header.Get("Content-Type") != typeRaw {
			t.Errorf("%q: status %d, %.40q, %v", tt.key, a.status, a.body, a.header)
		}
		if tt.status == 200 && tt.key != "own" && a.header.Get("Keycreatetime") != "2023-11-14 22:13:20.123456789 +0000 UTC" {
			t.Errorf("%q: Keycreatetime %q", tt.key, a.header.Get("Keycreatetime"))
		}
		head := n.do(n.request("HEAD", "/data/?"+encode("cmd", "get", "key", tt.key), "", ""))
		if head.status != tt.status || tt.body != "" && head.header.Get("Content-Length") != fmt.Sprint(len(tt.body)) {
			t.Errorf("HEAD %q: status %d, length %s", tt.key, head.status, head.header.Get("Content-Length"))
		}
	}
	if got := strings.Join(f.asked, " "); got != "hello hello empty empty binary binary large large none none" {
		t.Errorf("asked for %s", got)
	}
	n.answers.wantWhole(t)
}

// Only get looks elsewhere.
func TestOthersDoNotImport(t *testing.T) {
	f := newFakeImporter(map[string]string{"hello": "world"})
	n := startImporting(t, f, nil)
	token := n.token()
	for _, cmd := range []string{"exist", "expire", "delete"} {
		if a := n.post("cmd", cmd, "key", "hello", "exptime", "5", "token", token); a.status != 404 {
			t.Errorf("%s: status %d", cmd, a.status)
		}
	}
	n.get("/group_data/?cmd=get&key=hello")
	if len(f.asked) != 0 {
		t.Errorf("asked for %q", f.asked)
	}
}

// Another node that asks has its own clients' misses in mind and not this one's.
func TestNothingIsImportedForOtherNodes(t *testing.T) {
	f := newFakeImporter(map[string]string{"hello": "world"})
	n := startImporting(t, f, nil)
	n.mustSet("own", "v")
	for key, want := range map[string]answer{"hello": {status: 404}, "own": {status: 200, body: "v"}} {
		req := n.request("GET", "/data/?cmd=get&key="+key, "", "")
		req.Header.Set("Owlcache-Import", "no")
		if a := n.do(req); a.status != want.status || a.body != want.body {
			t.Errorf("%s: status %d, %q", key, a.status, a.body)
		}
	}
	c := n.connectWith(http.Header{"Owlcache-Import": {"no"}})
	for _, tag := range []string{"", " info", " info t"} {
		if got := c.ask("get hello" + tag); got != "" && !strings.Contains(got, `"Status":404`) {
			t.Errorf("get hello%s: %s", tag, got)
		}
	}
	if got := c.ask("get own"); got != "v" {
		t.Errorf("get own: %q", got)
	}
	if len(f.asked) != 0 {
		t.Errorf("asked for %q", f.asked)
	}
	req := n.request("GET", "/data/?cmd=get&key=hello", "", "")
	req.Header.Set("Owlcache-Import", "yes")
	if a := n.do(req); a.body != "world" {
		t.Errorf("another value of the header: status %d", a.status)
	}
}

func TestImportOfLargeValueWithoutMemory(t *testing.T) {
	f := newFakeImporter(map[string]string{"large": strings.Repeat("x", keepBuffer+1)})
	n := startImporting(t, f, nil)
	n.answers.patience = 1
	if !n.answers.take(n.answers.size) {
		t.Fatal("there is no memory at all")
	}
	if a := n.cmd("cmd", "get", "key", "large"); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	c := n.connect()
	if got := c.ask("get large info t"); !strings.Contains(got, `"Status":500`) || !strings.Contains(got, `"large@t"`) {
		t.Errorf("%s", got)
	}
	n.answers.give(n.answers.size)
	if got := c.ask("get large info t"); !strings.Contains(got, `"Status":200`) {
		t.Errorf("%.100s", got)
	}
	n.answers.wantWhole(t)
}

// The end of the server ends the waiting for an import.
func TestImportEndsWithTheServer(t *testing.T) {
	f := newFakeImporter(nil)
	n := startImporting(t, f, nil)
	n.mustSet("own", "v")
	c, tagged := n.connect(), n.connect()
	c.send(websocket.TextMessage, "get slow-1")
	tagged.send(websocket.TextMessage, "get slow-2 info t")
	done := make(chan answer, 1)
	req, err := http.NewRequest("GET", "http://"+n.addr+"/data/?cmd=get&key=slow-3", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- n.do(req) }()
	eventually(t, "they wait", func() bool { return f.underWay() == 3 })
	if a := n.cmd("cmd", "get", "key", "own"); a.body != "v" { // what is here waits for nobody
		t.Errorf("status %d, %q", a.status, a.body)
	}
	if err := n.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if a := <-done; a.status != 404 {
		t.Errorf("status %d", a.status)
	}
	for _, c := range []*socketClient{c, tagged} {
		if code := c.closeCode(); code != websocket.CloseGoingAway {
			t.Errorf("closed with %d", code)
		}
	}
}

func TestSocketImports(t *testing.T) {
	large := strings.Repeat("ü", 100_000)
	f := newFakeImporter(map[string]string{"hello": "world", "empty": "", "binary": "\xff", "large": large})
	n := startImporting(t, f, nil)
	c := n.connect()
	for _, key := range []string{"hello", "empty", "large", "none"} {
		value, found := f.values[key]
		if got := c.ask("get " + key); got != value {
			t.Errorf("get %s: %.40q", key, got)
		}
		for _, tag := range []string{"", "t"} {
			e := (answer{body: c.ask(strings.TrimSpace("get " + key + " info " + tag))}).envelope(t)
			if tag != "" && e.Key != key+"@t" || tag == "" && e.Key != key || string(e.Data) != value || (e.Status == 200) != found ||
				(e.Data == nil) == found || found && e.KeyCreateTime.UnixNano() != importedAt {
				t.Errorf("get %s info %s: %.100v", key, tag, e)
			}
		}
	}
	c.send(websocket.TextMessage, "get binary")
	if kind, got := c.receive(); kind != websocket.BinaryMessage || got != "\xff" {
		t.Errorf("type %d, %q", kind, got)
	}
	n.answers.wantWhole(t)
}

// What has a tag holds up nothing that is asked behind it; what has none is answered in its
// turn.
func TestSocketImportsOutOfTurn(t *testing.T) {
	f := newFakeImporter(map[string]string{"slow-1": "one", "slow-2": "two"})
	n := startImporting(t, f, nil)
	n.mustSet("own", "v")
	c := n.connect()
	for i := range socketImports - 1 {
		c.send(websocket.TextMessage, fmt.Sprintf("get slow-%d info t%d", i%2+1, i))
	}
	c.send(websocket.TextMessage, "get own info t")
	c.send(websocket.TextMessage, "get own")
	if _, got := c.receive(); !strings.Contains(got, `"own@t"`) {
		t.Errorf("first %s", got)
	}
	if _, got := c.receive(); got != "v" {
		t.Errorf("second %s", got)
	}
	c.send(websocket.TextMessage, "get slow-1")
	c.send(websocket.TextMessage, "get own")
	eventually(t, "all wait", func() bool { return f.underWay() == socketImports })
	close(f.release)
	seen, raw := map[string]string{}, ""
	for range socketImports + 1 {
		_, got := c.receive()
		if !strings.HasPrefix(got, "{") {
			raw += got + " "
			continue
		}
		e := (answer{body: got}).envelope(t)
		seen[e.Key] = string(e.Data)
	}
	for i := range socketImports - 1 {
		if key := fmt.Sprintf("slow-%d@t%d", i%2+1, i); seen[key] != f.values[key[:6]] {
			t.Errorf("%s: %q", key, seen[key])
		}
	}
	if raw != "one v " {
		t.Errorf("without tags, in this order: %q", raw)
	}
}

// The imports of a connection are bounded, and what was asked is answered before the
// farewell.
func TestSocketImportsAreBounded(t *testing.T) {
	f := newFakeImporter(map[string]string{"slow": "v"})
	n := startImporting(t, f, nil)
	c := n.connect()
	for i := range socketImports + 5 {
		c.send(websocket.TextMessage, fmt.Sprintf("get slow info t%d", i))
	}
	if err := c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "so many are asked", func() bool { return f.underWay() == socketImports })
	if got := f.underWay(); got > socketImports {
		t.Errorf("%d at once", got)
	}
	close(f.release)
	c.SetCloseHandler(func(int, string) error { return nil })
	for i := range socketImports + 5 {
		if _, got := c.receive(); !strings.Contains(got, `"Status":200`) {
			t.Errorf("answer %d: %s", i, got)
		}
	}
	if code := c.closeCode(); code != 4321 {
		t.Errorf("closed with %d", code)
	}
	eventually(t, "it is gone", func() bool { return n.openSockets() == 0 })
}

func TestSocketImportPanics(t *testing.T) {
	f := newFakeImporter(map[string]string{"hello": "world"})
	n := startImporting(t, f, nil)
	c := n.connect()
	c.send(websocket.TextMessage, "get panic info t")
	if got := c.ask("get hello"); got != "world" {
		t.Errorf("%q", got)
	}
	eventually(t, "its place is free", func() bool { return f.underWay() == 0 })
}

func TestOriginMetrics(t *testing.T) {
	n := startImporting(t, newFakeImporter(nil), nil)
	body := n.get("/metrics").body
	for _, line := range []string{
		`owlcache_origin_up{server="10.0.0.5:11211",source="memcached"} 1`,
		`owlcache_origin_up{server="10.0.0.6:6379",source="redis"} 0`,
		`owlcache_origin_requests_total{result="hit",server="10.0.0.5:11211",source="memcached"} 1`,
		`owlcache_origin_requests_total{result="miss",server="10.0.0.5:11211",source="memcached"} 2`,
		`owlcache_origin_requests_total{result="error",server="10.0.0.5:11211",source="memcached"} 3`,
		`owlcache_origin_requests_total{result="too_large",server="10.0.0.5:11211",source="memcached"} 4`,
		`owlcache_origin_requests_total{result="skipped",server="10.0.0.5:11211",source="memcached"} 5`,
		`owlcache_origin_values_total{server="10.0.0.5:11211",source="memcached",stored="yes"} 6`,
		`owlcache_origin_values_total{server="10.0.0.5:11211",source="memcached",stored="no"} 7`,
		`owlcache_origin_request_duration_seconds_bucket{server="10.0.0.5:11211",source="memcached",le="0.5"} 8`,
		`owlcache_origin_request_duration_seconds_count{server="10.0.0.5:11211",source="memcached"} 9`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if body := start(t, nil).get("/metrics").body; strings.Contains(body, "owlcache_origin") {
		t.Error("there are figures of origins without any")
	}
}
