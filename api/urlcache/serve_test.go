package urlcache_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/urlcache"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// ucOrigin is an HTTP server behind the URL cache.
type ucOrigin struct {
	*httptest.Server
	asked atomic.Int32
	last  atomic.Pointer[http.Request]
}

func startOrigin(t *testing.T) *ucOrigin {
	t.Helper()
	o := &ucOrigin{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		o.last.Store(r)
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
			return
		case "/large":
			w.Header().Set("Content-Type", "video/mp4")
			_, _ = w.Write(make([]byte, 1<<20))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Set-Cookie", "a=b")
		_, _ = io.WriteString(w, "<p>"+r.RequestURI)
	}))
	t.Cleanup(o.Close)
	return o
}

// startUC starts a server whose URL cache has the sites in a file without its <sites>.
func startUC(t *testing.T, file string, change func(*api.Options)) (*apitest.Node, *engine.Store) {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := engine.Open(context.Background(), dir, engine.Options{Sync: "no"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	sites, _, err := urlcache.ParseSites("sites.xml", []byte("<sites>"+file+"</sites>"), engine.MaxValueSize)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := urlcache.New(urlcache.Options{Sites: sites, MaxMemory: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	n := apitest.StartLoading(t, func(o *api.Options) {
		o.URLCache = cache
		if change != nil {
			change(o)
		}
	})
	n.Ready(store)
	return n, store
}

func easy(o *api.Options) { o.URLCacheEasy = true }

func siteXML(host string, more ...string) string {
	return "<site><host>" + host + "</host>" + strings.Join(more, "") + "</site>"
}

func uc(n *apitest.Node, pairs ...string) apitest.Answer {
	n.T.Helper()
	return n.Get("/uc/?" + apitest.Encode(append([]string{"cmd", "get"}, pairs...)...))
}

func TestURLCache(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL), nil)
	miss := uc(n, "key", "/a b?x=1&y=2")
	hit := uc(n, "key", "/a b?x=1&y=2")
	for name, a := range map[string]apitest.Answer{"miss": miss, "hit": hit} {
		if a.Status != 200 || a.Body != "<p>/a%20b?x=1&y=2" {
			t.Errorf("%s: %d, %q, %s", name, a.Status, a.Body, a.Reason())
		}
		want := map[string]string{
			"Key": "/a b?x=1&y=2", "Responsehost": n.Addr, "Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff",
			"Cache-Status": map[string]string{"miss": "owlcache; fwd=miss; stored", "hit": "owlcache; hit"}[name], "Set-Cookie": "", "Server": "owlcache 0.6.0",
		}
		for h, v := range want {
			if got := a.Header.Get(h); got != v {
				t.Errorf("%s: %s is %q, want %q", name, h, got, v)
			}
		}
	}
	if created := miss.Header.Get("Keycreatetime"); created != hit.Header.Get("Keycreatetime") || strings.HasPrefix(created, "0001") {
		t.Errorf("Keycreatetime is %q, then %q", created, hit.Header.Get("Keycreatetime"))
	}
	if o.asked.Load() != 1 {
		t.Errorf("the origin was asked %d times", o.asked.Load())
	}
	if a := n.Cmd("cmd", "get", "key", "/a b?x=1&y=2"); a.Body != miss.Body || a.Header.Get("Content-Type") != exchange.TypeRaw {
		t.Errorf("get on /data/: %q, %v", a.Body, a.Header)
	}
	if a := n.Get("/uc?cmd=get&key=/c"); a.Body != "<p>/c" {
		t.Errorf("/uc: %q", a.Body)
	}
	if a := n.Do(n.Request("POST", "/uc/", apitest.FormType, "cmd=get&key=/d")); a.Body != "<p>/d" {
		t.Errorf("POST: %q", a.Body)
	}
	if a := n.Do(n.Request("HEAD", "/uc/?cmd=get&key=/a+b%3Fx=1%26y=2", "", "")); a.Status != 200 || a.Body != "" || a.Header.Get("Content-Length") != "17" {
		t.Errorf("HEAD: %d, %q, %v", a.Status, a.Body, a.Header)
	}
}

// A large body is streamed, and its memory given back.
func TestURLCacheLargeBody(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL, "<max_storage_limit>1000</max_storage_limit>")+siteXML(o.URL), nil)
	for range 20 { // more than the memory for bodies would hold
		if a := uc(n, "key", "/large"); a.Status != 200 || len(a.Body) != 1<<20 || a.Header.Get("Content-Type") != "video/mp4" || a.Header.Get("Cache-Status") != "owlcache; fwd=miss" {
			t.Fatalf("%d, %d bytes, %v", a.Status, len(a.Body), a.Header)
		}
	}
	if a := uc(n, "key", "/large", "uc_site", "1"); a.Header.Get("Cache-Status") != "owlcache; fwd=miss; stored" {
		t.Errorf("%v", a.Header)
	}
	if a := uc(n, "key", "/large"); len(a.Body) != 1<<20 || a.Header.Get("Content-Type") != "video/mp4" || a.Header.Get("Cache-Status") != "owlcache; hit" {
		t.Errorf("hit: %d bytes, %v", len(a.Body), a.Header)
	}
}

// A client that does not read keeps the memory for answers, and none that others need to ask
// origins.
func TestURLCacheSlowReader(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL, "<max_storage_limit>1</max_storage_limit>"), func(o *api.Options) { o.MaxBodyMemory = 64 << 20 })
	n.Node.Answers.Patience = 1
	if !n.Node.Answers.Take(n.Node.Answers.Size - 1<<20) {
		t.Fatal("there is no memory at all")
	}
	if a := uc(n, "key", "/large"); a.Status != 200 || len(a.Body) != 1<<20 {
		t.Fatalf("%d, %d bytes", a.Status, len(a.Body))
	}
	n.Node.Answers.Give(n.Node.Answers.Size - 1<<20)
	apitest.WantWhole(t, n.Node.Answers)
	if !n.Node.Answers.Take(n.Node.Answers.Size) {
		t.Fatal("memory is missing")
	}
	for range 20 { // more than the memory of the URL cache would hold
		if a := uc(n, "key", "/large"); a.Status != 503 || a.Reason() != fault.ErrAnswersFull.Error() || a.Header.Get("Retry-After") == "" {
			t.Fatalf("%d, %s", a.Status, a.Reason())
		}
	}
	if a := uc(n, "key", "/small"); a.Status != 200 {
		t.Errorf("a small body: %d, %s", a.Status, a.Reason())
	}
	n.Node.Answers.Give(n.Node.Answers.Size)
	apitest.WantWhole(t, n.Node.Answers)
}

// A value that a client has set is answered whatever its key looks like, and never asked for.
func TestURLCacheAnswersWhatIsThere(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL), nil)
	token := n.Token()
	for _, key := range []string{"hello", "/page", "//x", "http://evil.test/"} {
		if a := n.Post("cmd", "set", "key", key, "valuedata", "<script>", "token", token); a.Status != 200 {
			t.Fatal(a.Body)
		}
		a := uc(n, "key", key)
		if a.Status != 200 || a.Body != "<script>" || a.Header.Get("Content-Type") != exchange.TypeRaw || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %q, %v", key, a.Status, a.Body, a.Header)
		}
	}
	if o.asked.Load() != 0 {
		t.Errorf("the origin was asked %d times", o.asked.Load())
	}
}

func TestURLCacheRefuses(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL)+siteXML("http://127.0.0.1:1"), nil)
	for _, tt := range []struct {
		query, reason string
		status        int
	}{
		{"", "unknown command", 501},
		{"cmd=set&key=/a&valuedata=x", "unknown command", 501},
		{"cmd=GET&key=/a", "unknown command", 501},
		{"cmd=get", "key is empty", 500},
		{"cmd=get&key=", "key is empty", 500},
		{"cmd=get&key=" + strings.Repeat("k", engine.MaxKeySize+1), "key is too large", 500},
		{"cmd=get&key=%zz", "broken percent escape", 500},
		{"cmd=get&key=a", "the key is no path at an origin: it must begin with a single /", 400},
		{"cmd=get&key=//evil.test/", "the key is no path at an origin: it must begin with a single /", 400},
		{"cmd=get&key=http://evil.test/", "the key is no path at an origin: it must begin with a single /", 400},
		{"cmd=get&key=/%2e%2e/", "the key is no path at an origin: it must have no . or .. between slashes, encoded or not", 400},
		{"cmd=get&key=/a%0d%0ab", "the key is no path at an origin: it must have no control character and no backslash", 400},
		{"cmd=get&key=/a&uc_site=x", "uc_site: want the number of a site, 0 is the first", 400},
		{"cmd=get&key=/missing", "the origin answered status 404", 502},
		{"cmd=get&key=/a&uc_site=1", "the origin cannot be reached", 502},
	} {
		a := n.Get("/uc/?" + tt.query)
		if a.Status != tt.status || a.Reason() != tt.reason || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.60s: %d, %q", tt.query, a.Status, a.Reason())
		}
	}
	if a := n.Get("/uc/?"); a.Envelope(t).Results != "UNKNOWN_COMMAND" {
		t.Errorf("no command: %q", a.Body)
	}
	if a := n.Cmd("cmd", "exist", "key", "/missing"); a.Status != 404 {
		t.Error("an error of the origin was stored")
	}
	if a := n.Do(n.Request("POST", "/free/path", apitest.FormType, "a=b")); a.Status != 404 {
		t.Errorf("a free path: %d", a.Status)
	}
	asked := o.asked.Load()
	for _, site := range []string{"7", "-1", "99999999999999999999", "-99999999999999999999", ""} {
		if a := uc(n, "key", "/out-of-range"+site, "uc_site", site); a.Status != 200 {
			t.Errorf("uc_site=%s: %d, %s", site, a.Status, a.Reason())
		}
	}
	if got := o.asked.Load() - asked; got != 5 {
		t.Errorf("the first site was asked %d times", got)
	}
}

func TestURLCacheOff(t *testing.T) {
	n := apitest.Start(t, easy)
	for _, path := range []string{"/uc/?cmd=get&key=/a", "/uc"} {
		if a := n.Get(path); a.Status != 404 || !strings.Contains(a.Reason(), "Open_Urlcache") {
			t.Errorf("%s: %d, %s", path, a.Status, a.Reason())
		}
	}
	if a := n.Get("/free/path"); a.Status != 404 {
		t.Errorf("a free path: %d", a.Status)
	}
}

func TestURLCacheForwards(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL, "<header><value>User-Agent</value><value>Authorization</value><value>Cookie</value><value>X-Many</value><value>Accept</value></header>")+siteXML(o.URL), nil)
	token := n.Token()
	ask := func(site int, authorization string) http.Header {
		req := n.Request("GET", fmt.Sprintf("/uc/?cmd=get&key=/%d/%d&uc_site=%d&owl_token=%s", site, o.asked.Load(), site, token), "", "")
		req.Header = http.Header{"User-Agent": {"browser"}, "Cookie": {"a=1; b=2"}, "X-Many": {"1", "2"}, "X-Other": {"x"}, "Authorization": {authorization}}
		if a := n.Do(req); a.Status != 200 {
			t.Fatal(a.Reason())
		}
		return o.last.Load().Header
	}
	if got, want := fmt.Sprint(ask(0, "Basic dTpw")), "map[Accept-Encoding:[identity] Authorization:[Basic dTpw] Cookie:[a=1; b=2] User-Agent:[browser] X-Many:[1 2]]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	elsewhere, err := n.Node.Access.Issue(netip.MustParseAddr("10.0.0.9"))
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{token, string(elsewhere), base64.StdEncoding.EncodeToString([]byte(token))} {
		for _, value := range []string{"Bearer " + own, "bearer   " + own, own, "Token " + own} {
			if got := ask(0, value); got.Get("Authorization") != "" {
				t.Errorf("the node's own token was sent to the origin: %v", got)
			}
		}
	}
	if got, want := fmt.Sprint(ask(1, "Basic dTpw")), "map[Accept-Encoding:[identity] User-Agent:[owlcache]]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestURLCacheToken(t *testing.T) {
	o := startOrigin(t)
	n, store := startUC(t, siteXML(o.URL, "<check_token>1</check_token>"), easy)
	token := n.Token()
	for target, stored := range map[string]bool{
		"/uc/?cmd=get&key=/a": false, "/uc/?cmd=get&key=/b&token=wrong": false, "/uc/?cmd=get&key=/c&token=" + token: true,
		"/d": false, "/e?token=wrong": false, "/f?token=" + token: true, "/g?owl_token=" + token: true,
	} {
		a := n.Get(target)
		if a.Status != 200 || a.Body != "<p>"+a.Header.Get("Key") {
			t.Errorf("%.20s: %d, %s", target, a.Status, a.Reason())
		}
		if _, ok := store.Stat([]byte(a.Header.Get("Key"))); ok != stored || (a.Header.Get("Cache-Status") == "owlcache; fwd=miss; stored") != stored {
			t.Errorf("%.20s: stored %v, %v", target, ok, a.Header)
		}
	}
}

func TestURLCacheStale(t *testing.T) {
	var ill atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, "body")
	}))
	t.Cleanup(server.Close)
	n, _ := startUC(t, siteXML(server.URL, "<key_expire>1</key_expire><stale_on_error>600</stale_on_error>"), nil)
	uc(n, "key", "/a")
	ill.Store(true)
	var a apitest.Answer
	apitest.Eventually(t, "the key has expired", func() bool {
		a = uc(n, "key", "/a")
		return a.Header.Get("Cache-Status") != "owlcache; hit"
	})
	if a.Status != 200 || a.Body != "body" || a.Header.Get("Content-Type") != "text/css" || a.Header.Get("Cache-Status") != "owlcache; fwd=stale" || a.Reason() != "the origin answered status 502" {
		t.Errorf("%d, %q, %v", a.Status, a.Body, a.Header)
	}
	ill.Store(false)
	if a := uc(n, "key", "/a"); a.Header.Get("Cache-Status") != "owlcache; fwd=miss; stored" {
		t.Errorf("the origin is well again: %v", a.Header)
	}
}

func TestURLCacheMetrics(t *testing.T) {
	o := startOrigin(t)
	n, _ := startUC(t, siteXML(o.URL), nil)
	uc(n, "key", "/a")
	uc(n, "key", "/a")
	uc(n, "key", "/missing")
	uc(n, "key", "//")
	body := n.Get("/metrics").Body
	for _, line := range []string{
		"owlcache_urlcache_hits_total 1", "owlcache_urlcache_misses_total 3", "owlcache_urlcache_stale_total 0", "owlcache_urlcache_fetches_total 2",
		"owlcache_urlcache_stored_total 1", "owlcache_urlcache_fetches_in_flight 0", "owlcache_urlcache_fetched_bytes_total 5",
		`owlcache_urlcache_errors_total{kind="status"} 1`, `owlcache_urlcache_errors_total{kind="bad_key"} 1`, `owlcache_urlcache_errors_total{kind="timeout"} 0`,
		`owlcache_http_requests_total{cmd="uc_get",status="200"} 2`, `owlcache_http_requests_total{cmd="uc_get",status="502"} 1`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}
