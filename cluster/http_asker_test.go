package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

// askOnce asks a member over HTTP as the group does.
func askOnce(t testing.TB, address string, o Options, key string) (reply, error) {
	t.Helper()
	o.Store = storeOf(nil)
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 20 * time.Second
	}
	g := startGroup(t, o, listOf(address), newHTTPAsker)
	return g.members().members[0].ask([]byte(key))
}

const goodHead = "HTTP/1.1 200 OK\r\nKey: k\r\nKeycreatetime: 2026-11-22 10:50:17.178858725 +0000 UTC\r\n"

func TestAskOldNode(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 200_000) // is sent in chunks
	n := startOldNode(t, map[string]oldEntry{
		"hello":          {"world", "2026-11-22 10:50:17.178858725 +0000 UTC m=+2.270941001"},
		"a b&c=d/é%\x00": {"odd", "2025-02-21 13:02:35.5876031 +0800 CST m=+17.5"},
		"empty":          {"", "2026-11-22 10:50:17 +0000 UTC"},
		"large":          {large, "2026-11-22 10:50:17 +0000 UTC"},
	})
	cst := time.FixedZone("", 8*3600)
	for key, want := range map[string]reply{
		"hello":          {true, []byte("world"), time.Date(2026, 11, 22, 10, 50, 17, 178858725, time.UTC)},
		"a b&c=d/é%\x00": {true, []byte("odd"), time.Date(2025, 2, 21, 13, 2, 35, 587603100, cst)},
		"empty":          {true, nil, time.Date(2026, 11, 22, 10, 50, 17, 0, time.UTC)},
		"large":          {true, []byte(large), time.Date(2026, 11, 22, 10, 50, 17, 0, time.UTC)},
		"none":           {},
	} {
		got, err := askOnce(t, n.addr, Options{}, key)
		if err != nil || got.found != want.found || !bytes.Equal(got.value, want.value) || !got.created.Equal(want.created) {
			t.Errorf("%q: %v, %.20q, %v, %v", key, got.found, got.value, got.created, err)
		}
		if _, a := got.created.Zone(); got.found {
			if _, b := want.created.Zone(); a != b {
				t.Errorf("%q: offset %d, want %d", key, a, b)
			}
		}
	}
}

func TestAskFaults(t *testing.T) {
	chunked := goodHead + "Transfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, answer string
		want         error
	}{
		{"nothing", "", errHungUp},
		{"garbage", "\x00\x01\x02garbage\r\n\r\n", errNoHTTP},
		{"another protocol", "SSH-2.0-OpenSSH_9.9\r\n", errNoHTTP},
		{"no status", "HTTP/1.1\r\n\r\n", errNoHTTP},
		{"HTTP/2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", errNoHTTP},
		{"a line that is no header", "HTTP/1.1 200 OK\r\nhello\r\n\r\n", errNoHTTP},
		{"a folded header", goodHead + " more\r\nContent-Length: 0\r\n\r\n", errNoHTTP},
		{"cut off in the headers", goodHead, errCutOff},
		{"cut off in a header", "HTTP/1.1 200 OK\r\nContent-Le", errCutOff},
		{"cut off in the body", goodHead + "Content-Length: 10\r\n\r\n12345", errCutOff},
		{"cut off in a large body", goodHead + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 500_000), errCutOff},
		{"cut off in a chunk", chunked + "a\r\n12345", errCutOff},
		{"cut off between chunks", chunked + "5\r\n12345\r\n", errCutOff},
		{"cut off after the chunks", chunked + "5\r\n12345\r\n0\r\n", errCutOff},
		{"no length", goodHead + "\r\nvalue", errFraming},
		{"a negative length", goodHead + "Content-Length: -1\r\n\r\n", errFraming},
		{"two lengths", goodHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n12", errFraming},
		{"a length and chunks", goodHead + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errFraming},
		{"another transfer encoding", goodHead + "Transfer-Encoding: gzip\r\n\r\n", errFraming},
		{"compressed", goodHead + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n1", errEncoding},
		{"no time", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", errNoNode},
		{"not found by another web server", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", errNoNode},
		{"a time that is none", "HTTP/1.1 200 OK\r\nKeycreatetime: yesterday\r\nContent-Length: 1\r\n\r\n1", errKeyTime},
		{"huge headers", "HTTP/1.1 200 OK\r\nKey: " + strings.Repeat("k", maxHead) + "\r\n\r\n", errHeadSize},
		{"many headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHead/6), errHeadSize},
		{"a huge body", goodHead + "Content-Length: 9000000000000000000\r\n\r\n", errTooLarge},
		{"a body of one byte too many", goodHead + "Content-Length: 1000001\r\n\r\n", errTooLarge},
		{"chunks of one byte too many", chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 1_000_001, strings.Repeat("x", 1_000_001)), errTooLarge},
		{"an internal error", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops", statusError(500)},
		{"unavailable", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", statusError(503)},
		{"a partial value", "HTTP/1.1 206 Part\r\nContent-Length: 0\r\n\r\n", statusError(206)},
		{"no content", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", statusError(100)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := startRaw(t, saying(tt.answer))
			r, err := askOnce(t, addr, Options{MaxValueSize: 1_000_000}, "k")
			if !errors.Is(err, tt.want) || r.found || r.value != nil {
				t.Errorf("found %v, error %v, want %v", r.found, err, tt.want)
			}
		})
	}
}

func TestAskUnusualButRight(t *testing.T) {
	long := strings.Repeat("k", engine.MaxKeySize)
	for name, answer := range map[string]string{
		"lower case headers":     "HTTP/1.1 200 OK\r\nkeycreatetime: 2026-11-22 10:50:17 +0000 UTC\r\ncontent-length: 5\r\n\r\nvalue",
		"bare line ends":         "HTTP/1.1 200 OK\nKeycreatetime: 2026-11-22 10:50:17 +0000 UTC\nContent-Length: 5\n\nvalue",
		"no reason":              "HTTP/1.1 200\r\nKeycreatetime: 2026-11-22 10:50:17 +0000 UTC\r\nContent-Length: 5\r\n\r\nvalue",
		"HTTP/1.0":               "HTTP/1.0 200 OK\r\nKeycreatetime: 2026-11-22 10:50:17 +0000 UTC\r\nContent-Length: 5\r\n\r\nvalue",
		"a long key":             goodHead + "X-Key: " + long + "\r\nContent-Length: 5\r\n\r\nvalue",
		"a key with odd bytes":   goodHead + "X-Key: \x01\xff\x7f\r\nContent-Length: 5\r\n\r\nvalue",
		"chunks with extensions": goodHead + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nva\r\n3\r\nlue\r\n0\r\n\r\n",
		"a trailer":              goodHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nvalue\r\n0\r\nA: b\r\n\r\n",
		"more than the answer":   goodHead + "Content-Length: 5\r\n\r\nvalueHTTP/1.1 200 OK\r\n",
	} {
		addr := startRaw(t, saying(answer))
		if r, err := askOnce(t, addr, Options{}, "k"); err != nil || !r.found || string(r.value) != "value" {
			t.Errorf("%s: %v, %q, %v", name, r.found, r.value, err)
		}
	}
}

// TestAskSlow: whatever a member does, it is given up on in time.
func TestAskSlow(t *testing.T) {
	drip := func(text string) func(net.Conn, <-chan struct{}) {
		return func(c net.Conn, end <-chan struct{}) {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				case <-tick.C:
				}
				if _, err := c.Write([]byte{text[min(i, len(text)-1)]}); err != nil {
					return
				}
			}
		}
	}
	for name, serve := range map[string]func(net.Conn, <-chan struct{}){
		"no answer":            func(_ net.Conn, end <-chan struct{}) { <-end },
		"head byte by byte":    drip("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 1000)),
		"body byte by byte":    drip(goodHead + "Content-Length: 100000\r\n\r\nx"),
		"chunks byte by byte":  drip(goodHead + "Transfer-Encoding: chunked\r\n\r\nffff\r\nx"),
		"trailer byte by byte": drip(goodHead + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := askOnce(t, startRaw(t, serve), Options{RequestTimeout: 150 * time.Millisecond}, "k")
			if !isTimeout(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestAskFollowsNoRedirect: a member cannot make the node ask somebody else.
func TestAskFollowsNoRedirect(t *testing.T) {
	other := startOldNode(t, map[string]oldEntry{"k": {"v", "2026-11-22 10:50:17 +0000 UTC"}})
	addr := startRaw(t, saying("HTTP/1.1 302 Found\r\nLocation: "+other.URL+"/data/?cmd=get&key=k\r\nContent-Length: 0\r\n\r\n"))
	if r, err := askOnce(t, addr, Options{}, "k"); r.found || !errors.Is(err, statusError(302)) {
		t.Errorf("found %v, error %v", r.found, err)
	}
	if n := other.requests.Load(); n != 0 {
		t.Errorf("the redirect was followed: %d requests", n)
	}
}

func TestAskTLS(t *testing.T) {
	n := &oldNode{m: map[string]oldEntry{"k": {"v", "2026-11-22 10:50:17 +0000 UTC"}}}
	srv := httptest.NewUnstartedServer(n)
	srv.Config.ErrorLog = discardLog()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	addr := srv.Listener.Addr().String()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())

	for name, config := range map[string]*tls.Config{
		"known authority": {RootCAs: roots},
		"no check":        {InsecureSkipVerify: true},
	} {
		if r, err := askOnce(t, addr, Options{TLS: config}, "k"); err != nil || string(r.value) != "v" {
			t.Errorf("%s: %q, %v", name, r.value, err)
		}
	}
	asked := n.requests.Load()
	for name, config := range map[string]*tls.Config{
		"unknown authority": {},
		"another name":      {RootCAs: roots, ServerName: "other.test"},
	} {
		_, err := askOnce(t, addr, Options{TLS: config}, "k")
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if n.requests.Load() != asked {
		t.Error("a question reached a server with a wrong certificate")
	}
	plain := startOldNode(t, nil)
	plain.Config.ErrorLog = discardLog()
	if _, err := askOnce(t, plain.addr, Options{TLS: &tls.Config{InsecureSkipVerify: true}}, "k"); err == nil {
		t.Error("no error from a server without TLS")
	}
}

func TestAppendQuestion(t *testing.T) {
	got := string(appendQuestion(nil, "[::1]:7721", []byte("aZ0-_.~ /+&=%#\x00é")))
	want := "GET /data/?cmd=get&key=aZ0-_.~%20%2F%2B%26%3D%25%23%00%C3%A9 HTTP/1.1\r\nHost: [::1]:7721\r\nUser-Agent: owlcache\r\nOwlcache-Import: no\r\n\r\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
