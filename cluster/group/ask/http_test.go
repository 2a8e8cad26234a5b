package ask

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"owlcache/cluster/group/asktest"
	"owlcache/engine"
)

// askOnce asks a member over HTTP.
func askOnce(t testing.TB, address string, o Options, key string) (Reply, error) {
	t.Helper()
	o, err := o.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	a := NewHTTP(address, o)
	defer a.Close()
	return a.Ask(asktest.Within(t, time.Minute), []byte(key))
}

func TestAskOldNode(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 200_000) // is sent in chunks
	n := asktest.StartNode(t, map[string]asktest.Entry{
		"hello":          {Value: "world", Created: "2026-11-22 10:50:17.178858725 +0000 UTC m=+2.270941001"},
		"a b&c=d/é%\x00": {Value: "odd", Created: "2025-02-21 13:02:35.5876031 +0800 CST m=+17.5"},
		"empty":          {Value: "", Created: "2026-11-22 10:50:17 +0000 UTC"},
		"large":          {Value: large, Created: "2026-11-22 10:50:17 +0000 UTC"},
	})
	cst := time.FixedZone("", 8*3600)
	for key, want := range map[string]Reply{
		"hello":          {true, []byte("world"), time.Date(2026, 11, 22, 10, 50, 17, 178858725, time.UTC)},
		"a b&c=d/é%\x00": {true, []byte("odd"), time.Date(2025, 2, 21, 13, 2, 35, 587603100, cst)},
		"empty":          {true, nil, time.Date(2026, 11, 22, 10, 50, 17, 0, time.UTC)},
		"large":          {true, []byte(large), time.Date(2026, 11, 22, 10, 50, 17, 0, time.UTC)},
		"none":           {},
	} {
		got, err := askOnce(t, n.Addr, Options{}, key)
		if err != nil || got.Found != want.Found || !bytes.Equal(got.Value, want.Value) || !got.Created.Equal(want.Created) {
			t.Errorf("%q: %v, %.20q, %v, %v", key, got.Found, got.Value, got.Created, err)
		}
		if _, a := got.Created.Zone(); got.Found {
			if _, b := want.Created.Zone(); a != b {
				t.Errorf("%q: offset %d, want %d", key, a, b)
			}
		}
	}
}

func TestAskFaults(t *testing.T) {
	chunked := asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\n"
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
		{"a folded header", asktest.GoodHead + " more\r\nContent-Length: 0\r\n\r\n", errNoHTTP},
		{"cut off in the headers", asktest.GoodHead, errCutOff},
		{"cut off in a header", "HTTP/1.1 200 OK\r\nContent-Le", errCutOff},
		{"cut off in the body", asktest.GoodHead + "Content-Length: 10\r\n\r\n12345", errCutOff},
		{"cut off in a large body", asktest.GoodHead + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 500_000), errCutOff},
		{"cut off in a chunk", chunked + "a\r\n12345", errCutOff},
		{"cut off between chunks", chunked + "5\r\n12345\r\n", errCutOff},
		{"cut off after the chunks", chunked + "5\r\n12345\r\n0\r\n", errCutOff},
		{"no length", asktest.GoodHead + "\r\nvalue", errFraming},
		{"a negative length", asktest.GoodHead + "Content-Length: -1\r\n\r\n", errFraming},
		{"two lengths", asktest.GoodHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n12", errFraming},
		{"a length and chunks", asktest.GoodHead + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errFraming},
		{"another transfer encoding", asktest.GoodHead + "Transfer-Encoding: gzip\r\n\r\n", errFraming},
		{"compressed", asktest.GoodHead + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n1", errEncoding},
		{"no time", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", ErrNoNode},
		{"not found by another web server", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ErrNoNode},
		{"a time that is none", "HTTP/1.1 200 OK\r\nKeycreatetime: yesterday\r\nContent-Length: 1\r\n\r\n1", ErrKeyTime},
		{"huge headers", "HTTP/1.1 200 OK\r\nKey: " + strings.Repeat("k", maxHead) + "\r\n\r\n", errHeadSize},
		{"many headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHead/6), errHeadSize},
		{"a huge body", asktest.GoodHead + "Content-Length: 9000000000000000000\r\n\r\n", ErrTooLarge},
		{"a body of one byte too many", asktest.GoodHead + "Content-Length: 1000001\r\n\r\n", ErrTooLarge},
		{"chunks of one byte too many", chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 1_000_001, strings.Repeat("x", 1_000_001)), ErrTooLarge},
		{"an internal error", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops", StatusError(500)},
		{"unavailable", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", StatusError(503)},
		{"a partial value", "HTTP/1.1 206 Part\r\nContent-Length: 0\r\n\r\n", StatusError(206)},
		{"no content", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", StatusError(100)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := asktest.StartRaw(t, asktest.Saying(tt.answer))
			r, err := askOnce(t, addr, Options{MaxValueSize: 1_000_000}, "k")
			if !errors.Is(err, tt.want) || r.Found || r.Value != nil {
				t.Errorf("found %v, error %v, want %v", r.Found, err, tt.want)
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
		"a long key":             asktest.GoodHead + "X-Key: " + long + "\r\nContent-Length: 5\r\n\r\nvalue",
		"a key with odd bytes":   asktest.GoodHead + "X-Key: \x01\xff\x7f\r\nContent-Length: 5\r\n\r\nvalue",
		"chunks with extensions": asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nva\r\n3\r\nlue\r\n0\r\n\r\n",
		"a trailer":              asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nvalue\r\n0\r\nA: b\r\n\r\n",
		"more than the answer":   asktest.GoodHead + "Content-Length: 5\r\n\r\nvalueHTTP/1.1 200 OK\r\n",
	} {
		addr := asktest.StartRaw(t, asktest.Saying(answer))
		if r, err := askOnce(t, addr, Options{}, "k"); err != nil || !r.Found || string(r.Value) != "value" {
			t.Errorf("%s: %v, %q, %v", name, r.Found, r.Value, err)
		}
	}
}

// TestAskFollowsNoRedirect: a member cannot make the node ask somebody else.
func TestAskFollowsNoRedirect(t *testing.T) {
	other := asktest.StartNode(t, map[string]asktest.Entry{"k": {Value: "v", Created: "2026-11-22 10:50:17 +0000 UTC"}})
	addr := asktest.StartRaw(t, asktest.Saying("HTTP/1.1 302 Found\r\nLocation: "+other.URL+"/data/?cmd=get&key=k\r\nContent-Length: 0\r\n\r\n"))
	if r, err := askOnce(t, addr, Options{}, "k"); r.Found || !errors.Is(err, StatusError(302)) {
		t.Errorf("found %v, error %v", r.Found, err)
	}
	if n := other.Requests.Load(); n != 0 {
		t.Errorf("the redirect was followed: %d requests", n)
	}
}

func TestAskTLS(t *testing.T) {
	n := asktest.NewNode(t, map[string]asktest.Entry{"k": {Value: "v", Created: "2026-11-22 10:50:17 +0000 UTC"}})
	n.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(n.Certificate())

	for name, config := range map[string]*tls.Config{
		"known authority": {RootCAs: roots},
		"no check":        {InsecureSkipVerify: true},
	} {
		if r, err := askOnce(t, n.Addr, Options{TLS: config}, "k"); err != nil || string(r.Value) != "v" {
			t.Errorf("%s: %q, %v", name, r.Value, err)
		}
	}
	asked := n.Requests.Load()
	for name, config := range map[string]*tls.Config{
		"unknown authority": {},
		"another name":      {RootCAs: roots, ServerName: "other.test"},
	} {
		_, err := askOnce(t, n.Addr, Options{TLS: config}, "k")
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if n.Requests.Load() != asked {
		t.Error("a question reached a server with a wrong certificate")
	}
	plain := asktest.StartNode(t, nil)
	if _, err := askOnce(t, plain.Addr, Options{TLS: &tls.Config{InsecureSkipVerify: true}}, "k"); err == nil {
		t.Error("no error from a server without TLS")
	}
}

func TestQuestion(t *testing.T) {
	got := string(question("[::1]:7721", []byte("aZ0-_.~ /+&=%#\x00é")))
	want := "GET /data/?cmd=get&key=aZ0-_.~%20%2F%2B%26%3D%25%23%00%C3%A9 HTTP/1.1\r\nHost: [::1]:7721\r\nUser-Agent: owlcache\r\nOwlcache-Import: no\r\n\r\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
