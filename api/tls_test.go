package api

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/engine"
)

// selfSigned makes a certificate for loopback addresses.
func selfSigned(t testing.TB, name string, expires time.Time) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: expires,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// tlsNode is a server that speaks HTTPS.
type tlsNode struct {
	*node
	cert   atomic.Pointer[tls.Certificate]
	config *tls.Config // of clients
}

// startTLS starts a server over an empty store, and lets the client of the node trust it.
func startTLS(t testing.TB, change func(*Options)) *tlsNode {
	t.Helper()
	n := &tlsNode{}
	n.cert.Store(selfSigned(t, "first", time.Now().Add(time.Hour)))
	n.node = start(t, func(o *Options) {
		o.Certificate, o.WebSocket = n.cert.Load, true
		if change != nil {
			change(o)
		}
	})
	n.config = &tls.Config{RootCAs: x509.NewCertPool()}
	n.trust(n.cert.Load())
	n.client.Transport.(*http.Transport).TLSClientConfig = n.config
	return n
}

func (n *tlsNode) trust(c *tls.Certificate) { n.config.RootCAs.AddCert(c.Leaf) }

// secure makes the requests of a test those of HTTPS.
func secure(req *http.Request) *http.Request {
	req.URL.Scheme = "https"
	return req
}

// dialTLS opens an encrypted connection that fails the test rather than hang.
func (n *tlsNode) dialTLS() *rawConn {
	n.t.Helper()
	c, err := tls.Dial("tcp", n.addr, n.config)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
	return &rawConn{Conn: c, r: bufio.NewReader(c), t: n.t}
}

func (n *tlsNode) open() int {
	open, _, _ := n.conns.counts()
	return open
}

func TestHTTPS(t *testing.T) {
	n := startTLS(t, nil)
	a := n.do(secure(n.request("POST", "/data/", formType, encode("cmd", "pass", "pass", testPassword))))
	token := string(a.envelope(t).Data)
	a = n.do(secure(n.request("POST", "/data/", formType, encode("cmd", "set", "key", "k", "valuedata", "v", "token", token))))
	if a.status != 200 || a.envelope(t).ResponseHost != "127.0.0.1:"+strings.Split(n.addr, ":")[1] {
		t.Errorf("set: status %d, %s", a.status, a.body)
	}
	if a = n.do(secure(n.request("GET", "/data/?cmd=get&key=k", "", ""))); a.body != "v" {
		t.Errorf("get: status %d, %q", a.status, a.body)
	}
	if a = n.do(secure(n.request("GET", "/", "", ""))); !strings.Contains(a.body, "curl 'https://") {
		t.Errorf("welcome: %s", a.body)
	}
	// A large value, and more than one request on a connection.
	c := n.dialTLS()
	if _, err := n.store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := c.receive("GET"); a.status != 200 || len(a.body) != engine.MaxValueSize {
			t.Errorf("status %d, %d bytes", a.status, len(a.body))
		}
	}
}

func TestTLSVersions(t *testing.T) {
	n := startTLS(t, nil)
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", n.addr, &tls.Config{RootCAs: n.config.RootCAs, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}})
		if (err == nil) != ok {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
				t.Errorf("%s: protocol %q", tls.VersionName(version), got)
			}
			_ = c.Close()
		}
	}
	if c, err := tls.Dial("tcp", n.addr, &tls.Config{RootCAs: n.config.RootCAs, NextProtos: []string{"h2"}}); err == nil {
		_ = c.Close()
		t.Error("HTTP/2 is accepted")
	}
	eventually(t, "the failures are counted", func() bool { return n.metrics.handshakes.Load() == 3 })
}

// A client that speaks HTTP is told what to do, also if it sends more than is read.
func TestPlainRequestOnHTTPS(t *testing.T) {
	n := startTLS(t, nil)
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 200_000),
	} {
		c := n.dial()
		c.send(request)
		if a := c.receive("GET"); a.status != 400 || !strings.Contains(a.reason(), "HTTPS") || !a.close {
			t.Errorf("status %d, %v", a.status, a.header)
		}
		if cw, ok := c.Conn.(*net.TCPConn); !ok || cw.CloseWrite() != nil || !c.ended() {
			t.Error("the connection goes on")
		}
	}
	c := n.dial()
	c.send("\x00\x01garbage that is no protocol at all")
	if _, err := io.ReadAll(c.r); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	eventually(t, "all are gone", func() bool { return n.open() == 0 })
	if got := n.metrics.handshakes.Load(); got != 3 {
		t.Errorf("%d failures", got)
	}
}

// Clients that say nothing, or begin and stop, end in time, and hold up nobody.
func TestSilentTLSClientsEnd(t *testing.T) {
	n := startTLS(t, func(o *Options) { o.ReadTimeout = 300 * time.Millisecond })
	const silent = 200
	for i := range silent {
		c := n.dial()
		if i%2 == 1 {
			c.send("\x16\x03\x01\x02\x00") // a record of 512 bytes begins
		}
	}
	if a := n.do(secure(n.request("GET", "/livez", "", ""))); a.status != 200 {
		t.Errorf("beside them: status %d", a.status)
	}
	n.client.CloseIdleConnections()
	eventually(t, "they are gone", func() bool { return n.open() == 0 })
	if got := n.metrics.handshakes.Load(); got != silent {
		t.Errorf("%d failures", got)
	}
}

// A connection without a word counts in the limits from the first moment.
func TestTLSConnectionLimits(t *testing.T) {
	n := startTLS(t, func(o *Options) { o.MaxConns = 1 })
	first := n.dial()
	eventually(t, "it is there", func() bool { return n.open() == 1 })
	if _, err := tls.Dial("tcp", n.addr, n.config); err == nil {
		t.Error("a second connection is served")
	}
	if n.metrics.rejected.Load() != 1 {
		t.Errorf("%d rejected", n.metrics.rejected.Load())
	}
	_ = first.Close()
	eventually(t, "there is room again", func() bool { return n.open() == 0 })
	if a := n.do(secure(n.request("GET", "/livez", "", ""))); a.status != 200 {
		t.Errorf("status %d", a.status)
	}
}

// A probe that only opens the port is no failure.
func TestTLSProbe(t *testing.T) {
	n := startTLS(t, nil)
	_ = n.dial().Close()
	eventually(t, "it has come and gone", func() bool { open, _, total := n.conns.counts(); return total == 1 && open == 0 })
	if got := n.metrics.handshakes.Load(); got != 0 {
		t.Errorf("%d failures", got)
	}
}

// A new certificate is used for new connections; no request fails meanwhile.
func TestNewCertificateUnderLoad(t *testing.T) {
	n := startTLS(t, nil)
	second := selfSigned(t, "second", time.Now().Add(time.Hour))
	n.trust(second)
	var clients sync.WaitGroup
	var seen sync.Map // names
	stop := make(chan struct{})
	var requests atomic.Int64
	for i := range 4 {
		clients.Go(func() {
			tr := &http.Transport{TLSClientConfig: n.config.Clone(), DisableKeepAlives: i%2 == 0}
			defer tr.CloseIdleConnections()
			client := &http.Client{Transport: tr, Timeout: 20 * time.Second}
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := client.Get("https://" + n.addr + "/livez")
				if err != nil {
					t.Error(err)
					return
				}
				seen.Store(resp.TLS.PeerCertificates[0].Subject.CommonName, true)
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				requests.Add(1)
			}
		})
	}
	has := func(name string) bool { _, ok := seen.Load(name); return ok }
	eventually(t, "the first is seen", func() bool { return has("first") && requests.Load() > 20 })
	n.cert.Store(second)
	eventually(t, "the second is seen", func() bool { return has("second") })
	close(stop)
	clients.Wait()
}

func TestTLSTokenIsBoundToThePeer(t *testing.T) {
	n := startTLS(t, nil)
	foreign, err := n.tokens.issue(other)
	if err != nil {
		t.Fatal(err)
	}
	a := n.do(secure(n.request("POST", "/data/", formType, encode("cmd", "set", "key", "k", "valuedata", "v", "token", string(foreign)))))
	if a.status != 401 {
		t.Errorf("the token of another address: status %d", a.status)
	}
}

// A page of another name is refused on a loopback address over TLS too.
func TestTLSHost(t *testing.T) {
	n := startTLS(t, nil)
	c := n.dialTLS()
	c.send("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n")
	if a := c.receive("GET"); a.status != 421 {
		t.Errorf("status %d", a.status)
	}
}

func TestTLSSockets(t *testing.T) {
	n := startTLS(t, nil)
	n.store.m["k"] = memEntry{[]byte("value"), engine.Meta{Size: 5}}
	n.store.m["big"] = memEntry{make([]byte, 4<<20), engine.Meta{Size: 4 << 20}}
	dialer := &websocket.Dialer{TLSClientConfig: n.config, HandshakeTimeout: 20 * time.Second}
	ws, _, err := dialer.Dial("wss://"+n.addr+"/ws", http.Header{"Origin": {"https://" + n.addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	for key, size := range map[string]int{"k": 5, "big": 4 << 20, "none": 0} {
		if err := ws.WriteMessage(websocket.TextMessage, []byte("get "+key)); err != nil {
			t.Fatal(err)
		}
		if _, data, err := ws.ReadMessage(); err != nil || len(data) != size {
			t.Errorf("%s: %d bytes, %v", key, len(data), err)
		}
	}
	if _, resp, err := dialer.Dial("wss://"+n.addr+"/ws", http.Header{"Origin": {"https://evil.example"}}); err == nil || resp.StatusCode != 403 {
		t.Errorf("another page: %v, %v", resp, err)
	}
	go func() { _ = n.Shutdown(context.Background()) }()
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("at the end: %v", err)
	}
}

func TestTLSMetrics(t *testing.T) {
	n := startTLS(t, nil)
	n.cert.Store(selfSigned(t, "soon", time.Now().Add(-time.Hour)))
	c := n.dial()
	c.send("GET /metrics HTTP/1.1\r\n\r\n")
	c.receive("GET")
	a := n.do(secure(n.insecure().request("GET", "/metrics", "", "")))
	for _, want := range []string{"owlcache_tls_handshake_failures_total 1\n", "owlcache_tls_certificate_expiry_seconds -3"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %q in %d bytes", want, len(a.body))
		}
	}
	if a := start(t, nil).get("/metrics"); strings.Contains(a.body, "owlcache_tls_") {
		t.Error("figures of TLS without it")
	}
}

// insecure lets the client of the node accept any certificate.
func (n *tlsNode) insecure() *tlsNode {
	n.config.InsecureSkipVerify = true
	return n
}
