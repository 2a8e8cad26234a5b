package urlcache

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/api/internal/node"
	"owlcache/engine"
)

func TestAnswersOfOrigins(t *testing.T) {
	large := string(repeat(1 << 20))
	write := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	hijack := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, s)
			_ = c.Close()
		}
	}
	status := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
	}
	header := func(name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()[name] = []string{value}
			_, _ = io.WriteString(w, "body")
		}
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		kind    Kind // numKinds: none
		body    string
		status  int
	}{
		{"empty", write(""), numKinds, "", 0},
		{"small", write("hello"), numKinds, "hello", 0},
		{"large", write(large), numKinds, large, 0},
		{"chunked", func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "part ")
				w.(http.Flusher).Flush()
			}
		}, numKinds, "part part part ", 0},
		{"without length, until the end", hijack("HTTP/1.0 200 OK\r\n\r\nhello"), numKinds, "hello", 0},
		{"interim answers", hijack("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), numKinds, "ok", 0},
		{"identity", header("Content-Encoding", "identity"), numKinds, "body", 0},
		{"compressed", header("Content-Encoding", "gzip"), KindEncoding, "", 502},
		{"too short", hijack("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), KindAnswer, "", 502},
		{"chunk cut off", hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), KindAnswer, "", 502},
		{"last chunk missing", hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), KindAnswer, "", 502},
		{"no HTTP", hijack("SSH-2.0-OpenSSH\r\n"), KindAnswer, "", 502},
		{"nothing", hijack(""), KindAnswer, "", 502},
		{"large headers", header("X-Large", strings.Repeat("x", maxHeaderBytes)), KindAnswer, "", 502},
		{"two lengths", hijack("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), KindAnswer, "", 502},
		{"announced too large", hijack("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), KindTooLarge, "", 502},
		{"204", status(204), KindStatus, "", 502},
		{"206", status(206), KindStatus, "", 502},
		{"304", status(304), KindStatus, "", 502},
		{"404", status(404), KindStatus, "", 502},
		{"500", status(500), KindStatus, "", 502},
		{"101", hijack("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), KindStatus, "", 502},
		{"redirect without Location", status(302), KindRedirect, "", 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, site(origin(t, tt.handler)), nil)
			got := b.fetch("/k")
			if tt.kind == numKinds {
				if v, _, ok := b.stored("/k"); got.err != nil || got.body != tt.body || !ok || v != tt.body || got.created == 0 {
					t.Errorf("%d bytes, %v; %d bytes stored, %v", len(got.body), got.err, len(v), ok)
				}
			} else if got.kind() != int(tt.kind) || got.status() != tt.status {
				t.Errorf("%v, kind %d", got.err, got.kind())
			} else if _, _, ok := b.stored("/k"); ok {
				t.Error("an error was stored")
			}
			if !b.memoryFree() {
				t.Error("memory was not given back")
			}
		})
	}
}

func TestBodySizes(t *testing.T) {
	var sent atomic.Int64
	endless := origin(t, func(w http.ResponseWriter, r *http.Request) {
		for chunk := repeat(64 << 10); ; {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	sized := origin(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil {
			t.Error(err)
		}
		if r.URL.RawQuery != "" {
			w.(http.Flusher).Flush() // without a length
		}
		_, _ = w.Write(make([]byte, n))
	})
	const most = 1 << 20
	b := newBench(t, site(endless)+site(sized, "<max_storage_limit>1000</max_storage_limit>"), func(o *Options) {
		o.MaxValueSize = most
		o.MaxMemory = 2 * most
	})
	if got := b.fetch("/"); got.kind() != int(KindTooLarge) {
		t.Errorf("an endless body: %v", got.err)
	}
	if sent := sent.Load(); sent > 64<<20 {
		t.Errorf("%d bytes of it were sent", sent)
	}
	for _, tt := range []struct {
		size   int
		stored bool
		kind   int
	}{{0, true, -1}, {1000, true, -1}, {1001, false, -1}, {node.KeepBuffer, false, -1}, {node.KeepBuffer + 1, false, -1}, {most, false, -1}, {most + 1, false, int(KindTooLarge)}} {
		for _, query := range []string{"", "?chunked"} {
			got := b.do(Request{Key: fmt.Appendf(nil, "/%d%s", tt.size, query), Site: 1})
			if got.kind() != tt.kind || (got.created != 0) != tt.stored || tt.kind < 0 && len(got.body) != tt.size {
				t.Errorf("%d bytes%s: %d bytes, stored %v, %v", tt.size, query, len(got.body), got.created != 0, got.err)
			}
		}
	}
	if !b.memoryFree() {
		t.Error("memory was not given back")
	}
}

func TestOriginsThatDoNotAnswer(t *testing.T) {
	release := make(chan struct{})
	wait := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	silent := origin(t, wait)
	slow := origin(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		wait(w, r)
	})
	t.Cleanup(func() { close(release) })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never speaks TLS
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	const soon = "<timeout>50</timeout>"
	b := newBench(t, site(silent, soon)+site(slow, soon)+site("https://"+mute.Addr().String(), soon)+site(dead), nil)
	for i, tt := range []struct {
		name string
		kind Kind
	}{{"silent", KindTimeout}, {"slow body", KindTimeout}, {"slow TLS", KindTimeout}, {"dead", KindConnect}} {
		got := b.do(Request{Key: []byte("/k"), Site: i})
		if got.kind() != int(tt.kind) || got.status() != kinds()[tt.kind].status {
			t.Errorf("%s: %v, kind %d", tt.name, got.err, got.kind())
		}
	}
	if len(b.flights) > 0 || b.Stats().InFlight > 0 {
		t.Errorf("requests are left: %v, %d", b.flights, b.Stats().InFlight)
	}
}

func TestTLSOrigin(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.String()) }))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	for name, tt := range map[string]struct {
		config *tls.Config
		kind   int
	}{
		"trusted":   {&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, -1},
		"untrusted": {nil, int(KindConnect)},
		"unchecked": {&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, -1},
	} {
		b := newBench(t, site(s.URL), func(o *Options) { o.TLS = tt.config })
		if got := b.fetch("/a?b"); got.kind() != tt.kind || tt.kind < 0 && got.body != "/a?b" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	plain := newBench(t, site("http"+s.URL[len("https"):]), nil)
	if got := plain.fetch("/a"); got.kind() != int(KindStatus) {
		t.Errorf("http to an https port: %v", got.err)
	}
}

// A site with a proxy asks it and nobody else.
func TestProxy(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "through the tunnel") }))
	t.Cleanup(secure.Close)
	var asked atomic.Value
	proxy := origin(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.RequestURI)
		if r.Method != http.MethodConnect {
			_, _ = io.WriteString(w, "by proxy")
			return
		}
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = up.Close() }()
		down, sent, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = down.Close() }()
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, sent) }()
		_, _ = io.Copy(down, up)
	})
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	element := "<proxy>" + u.Host + "</proxy>"
	b := newBench(t, site("http://origin.invalid:8000/app", element)+site(secure.URL, element), func(o *Options) {
		o.TLS = secure.Client().Transport.(*http.Transport).TLSClientConfig
	})
	if got := b.fetch("/a?b=1"); got.body != "by proxy" || asked.Load() != "GET http://origin.invalid:8000/app/a?b=1" {
		t.Errorf("%+v, the proxy was asked %v", got, asked.Load())
	}
	if got := b.do(Request{Key: []byte("/b"), Site: 1}); got.body != "through the tunnel" || asked.Load() != "CONNECT "+strings.TrimPrefix(secure.URL, "https://") {
		t.Errorf("%+v, the proxy was asked %v", got, asked.Load())
	}
	b.Close()
}

func TestForwardedHeaders(t *testing.T) {
	var seen http.Header
	var host string
	b := newBench(t, site(origin(t, func(_ http.ResponseWriter, r *http.Request) { seen, host = r.Header, r.Host }),
		"<header><value>user-agent</value><value>X-Two</value><value>X-None</value></header>")+site(origin(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })), nil)
	client := http.Header{"User-Agent": {"browser"}, "X-Two": {"1", "2"}, "Cookie": {"secret"}, "Authorization": {"secret"}, "X-Other": {"x"}}
	b.do(Request{Key: []byte("/a"), Header: client.Values})
	if want := "map[Accept-Encoding:[identity] User-Agent:[browser] X-Two:[1 2]]"; fmt.Sprint(seen) != want {
		t.Errorf("%v, want %s", seen, want)
	}
	if host != (*b.clients.Load())[0].Origin.addr() {
		t.Errorf("Host is %s", host)
	}
	b.do(Request{Key: []byte("/b"), Site: 1, Header: client.Values})
	if want := "map[Accept-Encoding:[identity] User-Agent:[owlcache]]"; fmt.Sprint(seen) != want {
		t.Errorf("%v, want %s", seen, want)
	}
	// What is no value of a header is left out.
	if got := b.do(Request{Key: []byte("/c"), Header: func(string) []string { return []string{"a\r\nb", "a\x00", "\x7f", "a\tü"} }}); got.err != nil || seen.Get("X-Two") != "a\tü" || len(seen["X-Two"]) != 1 {
		t.Errorf("headers with control characters: %v, %q", got.err, seen)
	}
}

func TestContentTypes(t *testing.T) {
	for sent, want := range map[string]string{
		"text/html; charset=utf-8": "text/html; charset=utf-8", "": "", "a\tb": "", "ü": "",
		strings.Repeat("x", maxTypeSize): strings.Repeat("x", maxTypeSize), strings.Repeat("x", maxTypeSize+1): "",
	} {
		b := newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = []string{sent} })), nil)
		got := b.fetch("/k")
		if _, ct, _ := b.stored("/k"); got.contentType != want || ct != want {
			t.Errorf("%q becomes %q, and stored %q", sent, got.contentType, ct)
		}
	}
}

// What clients and the log are told holds nothing that is secret.
func TestErrorsTellNoSecrets(t *testing.T) {
	var log bytes.Buffer
	target := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://user:s3cret@evil.test/s3cret?token=s3cret")
		w.WriteHeader(http.StatusFound)
	})
	dead := newBench(t, site(target)+site("http://127.0.0.1:1"), func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	for i, kind := range []Kind{KindRedirect, KindConnect} {
		got := dead.do(Request{Key: []byte("/s3cret?token=s3cret"), Site: i})
		if got.kind() != int(kind) {
			t.Errorf("%v", got.err)
		}
		if strings.Contains(fmt.Sprint(got.err), "s3cret") || strings.Contains(fmt.Sprint(got.err), "127.0.0.1") {
			t.Errorf("the error says %v", got.err)
		}
	}
	dead.Close()
	if strings.Contains(log.String(), "s3cret") || !strings.Contains(log.String(), "connection refused") {
		t.Errorf("the log says %s", &log)
	}
}

func TestOptions(t *testing.T) {
	sites := mustSites(t, site("http://h"))
	for name, o := range map[string]Options{
		"no site":            {},
		"a large value":      {Sites: sites, MaxValueSize: engine.MaxValueSize + 1},
		"negative value":     {Sites: sites, MaxValueSize: -1},
		"negative fetches":   {Sites: sites, MaxFetches: -1},
		"negative memory":    {Sites: sites, MaxMemory: -1},
		"negative and large": {Sites: sites, MaxValueSize: engine.MaxValueSize + 1, MaxMemory: -1},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c, err := New(Options{Sites: sites})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if o := c.opts; o.MaxValueSize != engine.MaxValueSize || o.MaxFetches != 256 || o.MaxMemory != 256<<20 || o.UserAgent != "owlcache" || c.clientsTimeout() != 5*time.Second {
		t.Errorf("%+v", o)
	}
}

func (c *Cache) clientsTimeout() time.Duration { return (*c.clients.Load())[0].Timeout }
