package urlcache

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeNet resolves names from a table and takes every connection to one HTTP server,
// whatever its address is, so that nothing that is opened stays unseen.
type fakeNet struct {
	mu      sync.Mutex
	names   map[string][][]string // answers of the resolver, one after the other; the last stays
	lookups []string
	dials   []string
	server  *httptest.Server
}

func (n *fakeNet) network() network { return network{lookup: n.lookup, connect: n.connect} }

func (n *fakeNet) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lookups = append(n.lookups, host)
	answers := n.names[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.names[host] = answers[1:]
	}
	var addrs []netip.Addr
	for _, a := range answers[0] {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, nil
}

func (n *fakeNet) connect(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	n.dials = append(n.dials, addr.String())
	n.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, "tcp", n.server.Listener.Addr().String())
}

const originIP, otherIP = "192.0.2.10", "192.0.2.20"

// ssrfRow is one attempt to make the node connect somewhere.
type ssrfRow struct {
	name     string
	sites    string              // default: origin.test and other.test
	key      string              // default: /r
	location string              // where /r redirects to; the path / there is 200
	names    map[string][]string // what else names resolve to
	again    map[string][]string // the same from the second look-up on
	kind     int                 // of the failure; -1: the body arrives
	dials    []string            // default: only the origin
}

// TestSSRF: whatever a client, an origin or a name server says, no connection is opened but
// to the configured hosts and ports.
func TestSSRF(t *testing.T) {
	rows := slices.Concat(ssrfKeys(), ssrfRedirects(), ssrfNames(), ssrfProxies())
	if len(rows) < 60 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { row.run(t) })
	}
}

func (row *ssrfRow) run(t *testing.T) {
	if row.sites == "" {
		row.sites = site("http://origin.test") + site("http://other.test:8080/app")
	}
	if row.key == "" {
		row.key = "/r"
	}
	n := &fakeNet{names: map[string][][]string{"origin.test": {{originIP}}, "other.test": {{otherIP}}, "evil.test": {{"203.0.113.66"}}}}
	for name, addrs := range row.names {
		n.names[name] = [][]string{addrs}
	}
	for name, addrs := range row.again {
		n.names[name] = append(n.names[name], addrs)
	}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // the next request connects anew
		if chain, ok := strings.CutPrefix(r.URL.Path, "/chain"); ok && chain != "" {
			w.Header().Set("Location", "/chain"+chain[1:])
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		if r.URL.Path == "/r" {
			w.Header()["Location"] = []string{row.location}
			w.WriteHeader(http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("ok"))
	}))
	defer n.server.Close()
	b := newBench(t, row.sites, func(o *Options) { o.network = n.network() })
	got := b.fetch(row.key)
	if row.again != nil {
		if got.err != nil {
			t.Errorf("the first request: %v", got.err)
		}
		got = b.fetch(row.key + "2")
	}
	if got.kind() != row.kind {
		t.Errorf("kind %d (%v), want %d", got.kind(), got.err, row.kind)
	}
	b.Close()
	if row.dials == nil {
		row.dials = []string{originIP + ":80"}
	}
	if !slices.Equal(n.dials, row.dials) {
		t.Errorf("connections to %q, want %q", n.dials, row.dials)
	}
	if slices.Contains(n.lookups, "evil.test") {
		t.Error("evil.test was looked up")
	}
}

// ssrfKeys are keys that look like other places.
func ssrfKeys() []ssrfRow {
	var rows []ssrfRow
	for _, key := range []string{
		"", "evil.test", "evil.test/", "//evil.test/", "///evil.test/", `/\evil.test/`, `\\evil.test/`, "/%2fevil.test/", "/%5cevil.test/", "/%252fevil.test/",
		"http://evil.test/", "https://evil.test/", "HTTP://evil.test/", "http:/evil.test", "http:evil.test", "file:///etc/passwd", "file:/etc/passwd",
		"gopher://evil.test/_x", "ftp://evil.test/", "dict://evil.test:11211/stat", "javascript:x", "data:,x", "jar:http://evil.test!/",
		"@evil.test/", "user:pass@evil.test/", ":80@evil.test/", ":8080/", ".evil.test/", "-evil.test/", "%2eevil.test/", "?@evil.test/", "#@evil.test/", "[::1]/",
		"/../admin", "/a/../../admin", "/%2e%2e/admin", "/%2E%2e%2fadmin", "/.%2e/admin", "/%252e%252e/admin", "/..;/admin", `/..\admin`, "/%2e%2e%5cadmin",
		"/a\tb", "/a\r\nHost: evil.test", "/a\nb", "/a%0d%0aHost:%20evil.test", "/a\x00", "/a%00.html", "/a\x7f", "/a#@evil.test", "/%", "/%g0",
		" /a", "\t/a", "\r\n/a",
	} {
		rows = append(rows, ssrfRow{name: "key " + key, key: key, kind: int(KindBadKey), dials: []string{}})
		if key == "" {
			rows[len(rows)-1].key = "?" // run takes none for the default
		}
	}
	for _, key := range []string{"/@evil.test/", "/http://evil.test/", "/:80/", "/a?u=http://evil.test/", "/a?x@evil.test", "/a%20b", "/a b"} {
		rows = append(rows, ssrfRow{name: "harmless key " + key, key: key, kind: -1})
	}
	return rows
}

// ssrfRedirects are origins that point elsewhere.
func ssrfRedirects() []ssrfRow {
	var rows []ssrfRow
	for _, location := range []string{
		"http://evil.test/", "https://evil.test/", "//evil.test/", "http://127.0.0.1/", "http://127.0.0.1:7721/", "http://localhost/",
		"http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://127.1/", "http://127.0.1/",
		"http://0/", "http://0.0.0.0/", "http://127.0.0.1.nip.test/", "http://127%2e0%2e0%2e1/", "http://①②⑦.⓪.⓪.①/",
		"http://[::]/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/",
		"http://[64:ff9b::7f00:1]/", "http://[fe80::1%25eth0]/", "http://[::1%25lo]/", "http://[fd00:ec2::254]/",
		"http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
		"http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://metadata.google.internal/", "http://100.100.100.200/",
		"http://" + originIP + "/", "http://origin.test:81/", "https://origin.test/", "http://origin.test.evil.test/", "http://origin.test./", "http://xorigin.test/",
		"http://origin.test@evil.test/", "http://user@origin.test/", "http://user:pass@origin.test/", "http://evil.test#origin.test/", "http://evil.test?origin.test/", `http://evil.test\origin.test/`,
		`http://origin.test\@evil.test/`, "http://origin.test:80@evil.test/", "http://origin.test:080/", "http://origin.test:0/", "http://origin.test:/", "http://origin.test:80:81/",
		"http://other.test/", "https://other.test:8080/", "file:///etc/passwd", "gopher://origin.test/", "ftp://origin.test/", "javascript:x", "data:,x", "mailto:x@origin.test",
		"http:origin.test", "http:", "http://", "http:///", "http://[::1", "", " ",
	} {
		rows = append(rows, ssrfRow{name: "to " + location, location: location, kind: int(KindRedirect)})
	}
	twice := []string{originIP + ":80", originIP + ":80"}
	for _, location := range []string{"/ok", "ok", "?x", "http://origin.test/ok", "http://ORIGIN.TEST:80/ok", "//origin.test/ok", "/ok#fragment", "/a/../ok", `/\evil.test/`} {
		kind, dials := -1, twice
		if location == "?x" { // the same path again and again
			kind, dials = int(KindRedirect), slices.Repeat([]string{originIP + ":80"}, maxRedirects+1)
		}
		rows = append(rows, ssrfRow{name: "within the host " + location, location: location, kind: kind, dials: dials})
	}
	for _, location := range []string{"\x01", "http://\x00/"} { // no HTTP
		rows = append(rows, ssrfRow{name: "to " + location, location: location, kind: int(KindAnswer)})
	}
	return append(rows,
		ssrfRow{name: "to another site's host", location: "http://other.test:8080/x", kind: -1, dials: []string{originIP + ":80", otherIP + ":8080"}},
		ssrfRow{name: "chain at the limit", key: "/chain12345", kind: -1, dials: slices.Repeat([]string{originIP + ":80"}, maxRedirects+1)},
		ssrfRow{name: "chain over the limit", key: "/chain123456", kind: int(KindRedirect), dials: slices.Repeat([]string{originIP + ":80"}, maxRedirects+1)},
		ssrfRow{name: "loop", location: "/r", kind: int(KindRedirect), dials: slices.Repeat([]string{originIP + ":80"}, maxRedirects+1)},
		ssrfRow{name: "chain by way of another site", location: "http://other.test:8080/r", kind: int(KindRedirect), dials: slices.Concat(
			[]string{originIP + ":80"}, slices.Repeat([]string{otherIP + ":8080"}, maxRedirects))},
	)
}

// ssrfNames are answers of a name server.
func ssrfNames() []ssrfRow {
	var rows []ssrfRow
	for _, addr := range []string{
		"169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::a9fe:a9fe", "fe80::1", "fe80::1%eth0", "febf::1",
		"fd00:ec2::254", "fd00:ec2::23", "fd00:42::42", "fd20:ce::254", "::ffff:0:a9fe:a9fe", "::ffff:0:0:1",
		"64:ff9b:1::a9fe:a9fe", "64:ff9b:1:6464:64:c800::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:7:a9:fea9:fe00:0", "64:ff9b:1::6464:64c8", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.0.0.1", "::", "224.0.0.1", "239.1.2.3", "ff02::1", "255.255.255.255",
	} {
		rows = append(rows,
			ssrfRow{name: "name for " + addr, key: "/ok", names: map[string][]string{"origin.test": {addr}}, kind: int(KindConnect), dials: []string{}},
			ssrfRow{name: "name that becomes " + addr, key: "/ok", again: map[string][]string{"origin.test": {addr}}, kind: int(KindConnect)})
	}
	// An origin within the network is the usual case.
	for _, addr := range []string{"127.0.0.1", "::1", "10.0.0.5", "172.16.0.5", "192.168.0.5", "fd00::5", "100.64.0.1", "64:ff9b:1::102:304", "::ffff:0:a00:5"} {
		rows = append(rows, ssrfRow{name: "name for " + addr, key: "/ok", names: map[string][]string{"origin.test": {addr}}, kind: -1,
			dials: []string{netip.AddrPortFrom(netip.MustParseAddr(addr), 80).String()}})
	}
	return append(rows,
		ssrfRow{name: "good and bad", key: "/ok", names: map[string][]string{"origin.test": {"169.254.169.254", originIP, "fe80::1"}}, kind: -1},
		ssrfRow{name: "mapped", key: "/ok", names: map[string][]string{"origin.test": {"::ffff:" + originIP}}, kind: -1},
		ssrfRow{name: "no such name", key: "/ok", sites: site("http://none.test"), kind: int(KindConnect), dials: []string{}},
		ssrfRow{name: "literal", key: "/ok", sites: site("http://169.254.169.254"), kind: -1, dials: []string{"169.254.169.254:80"}},
		ssrfRow{name: "literal IPv6", key: "/ok", sites: site("http://[::1]:8080"), kind: -1, dials: []string{"[::1]:8080"}},
	)
}

// ssrfProxies are sites with a proxy: it is all that is connected to.
func ssrfProxies() []ssrfRow {
	proxied := site("http://origin.test", "<proxy>"+otherIP+":3128</proxy>") + site("http://other.test:8080/app")
	proxy := otherIP + ":3128"
	return []ssrfRow{
		{name: "proxy", sites: proxied, key: "/ok", kind: -1, dials: []string{proxy}},
		{name: "proxy, bad key", sites: proxied, key: "//evil.test/", kind: int(KindBadKey), dials: []string{}},
		{name: "proxy, redirect", sites: proxied, location: "http://evil.test/", kind: int(KindRedirect), dials: []string{proxy}},
		{name: "proxy, redirect to another site", sites: proxied, location: "http://other.test:8080/ok", kind: -1, dials: []string{proxy, proxy}},
		{name: "proxy by name for metadata", sites: site("http://origin.test", "<proxy>evilproxy.test:3128</proxy>"), names: map[string][]string{"evilproxy.test": {"169.254.169.254"}}, kind: int(KindConnect), dials: []string{}},
		{name: "proxy for https", sites: site("https://origin.test", "<proxy>"+proxy+"</proxy>"), key: "/ok", kind: int(KindAnswer), dials: []string{proxy}},
	}
}

// A transport connects to nothing else, even if a mistake elsewhere asked it to.
func TestDialerRefusesByItself(t *testing.T) {
	n := &fakeNet{names: map[string][][]string{"evil.test": {{"203.0.113.66"}}}}
	b := newBench(t, site("http://origin.test"), func(o *Options) { o.network = n.network() })
	s := (*b.clients.Load())[0]
	for _, u := range []string{"http://evil.test/", "http://origin.test:81/", "https://origin.test/", "http://127.0.0.1/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.transport.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, errNotConfigured) {
			t.Errorf("%s: %v", u, err)
		}
	}
	if len(n.dials)+len(n.lookups) > 0 {
		t.Errorf("connections to %q, look-ups of %q", n.dials, n.lookups)
	}
}

// What is meant for one host does not go to another.
func TestRedirectTakesNoHeadersAlong(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]http.Header{}
	n := &fakeNet{names: map[string][][]string{"origin.test": {{originIP}}, "other.test": {{otherIP}}}}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Host+r.URL.Path] = r.Header
		mu.Unlock()
		switch r.Host + r.URL.Path {
		case "origin.test/a":
			http.Redirect(w, r, "/b", http.StatusFound)
		case "origin.test/b":
			http.Redirect(w, r, "http://other.test/c", http.StatusFound)
		case "other.test/c":
			http.Redirect(w, r, "http://origin.test/d", http.StatusFound)
		}
	}))
	defer n.server.Close()
	b := newBench(t, site("http://origin.test", "<header><value>Authorization</value><value>X-Key</value><value>Cookie</value></header>")+site("http://other.test"),
		func(o *Options) { o.network = n.network() })
	got := b.do(Request{Key: []byte("/a"), Header: func(name string) []string { return []string{"secret " + name} }})
	if got.err != nil {
		t.Fatal(got.err)
	}
	b.Close()
	for place, want := range map[string]string{"origin.test/a": "secret X-Key", "origin.test/b": "secret X-Key", "other.test/c": "", "origin.test/d": ""} {
		h := seen[place]
		if h == nil || h.Get("X-Key") != want || (want == "") != (h.Get("Authorization") == "") || (want == "") != (h.Get("Cookie") == "") {
			t.Errorf("%s: %v", place, h)
		}
		if h.Get("Referer") != "" {
			t.Errorf("%s is told where the client comes from: %v", place, h)
		}
	}
}
