package api_test

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
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api"
	"owlcache/api/internal/apitest"
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
	*apitest.Node
	cert   atomic.Pointer[tls.Certificate]
	config *tls.Config // of clients
}

// startTLS starts a server over an empty store, and lets the client of the node trust it.
func startTLS(t testing.TB, change func(*api.Options)) *tlsNode {
	t.Helper()
	n := &tlsNode{}
	n.cert.Store(selfSigned(t, "first", time.Now().Add(time.Hour)))
	n.Node = apitest.Start(t, func(o *api.Options) {
		o.Certificate, o.WebSocket = n.cert.Load, true
		if change != nil {
			change(o)
		}
	})
	n.config = &tls.Config{RootCAs: x509.NewCertPool()}
	n.trust(n.cert.Load())
	n.Client.Transport.(*http.Transport).TLSClientConfig = n.config
	return n
}

func (n *tlsNode) trust(c *tls.Certificate) { n.config.RootCAs.AddCert(c.Leaf) }

// secure makes the requests of a test those of HTTPS.
func secure(req *http.Request) *http.Request {
	req.URL.Scheme = "https"
	return req
}

// dialTLS opens an encrypted connection that fails the test rather than hang.
func (n *tlsNode) dialTLS() *apitest.RawConn {
	n.T.Helper()
	c, err := tls.Dial("tcp", n.Addr, n.config)
	if err != nil {
		n.T.Fatal(err)
	}
	n.T.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.T.Fatal(err)
	}
	return &apitest.RawConn{Conn: c, R: bufio.NewReader(c), T: n.T}
}

func (n *tlsNode) open() int {
	open := n.HTTP.Counts().Open
	return open
}

func TestHTTPS(t *testing.T) {
	n := startTLS(t, nil)
	a := n.Do(secure(n.Request("POST", "/data/", apitest.FormType, apitest.Encode("cmd", "pass", "pass", apitest.Password))))
	token := string(a.Envelope(t).Data)
	a = n.Do(secure(n.Request("POST", "/data/", apitest.FormType, apitest.Encode("cmd", "set", "key", "k", "valuedata", "v", "token", token))))
	if a.Status != 200 || a.Envelope(t).ResponseHost != "127.0.0.1:"+strings.Split(n.Addr, ":")[1] {
		t.Errorf("set: status %d, %s", a.Status, a.Body)
	}
	if a = n.Do(secure(n.Request("GET", "/data/?cmd=get&key=k", "", ""))); a.Body != "v" {
		t.Errorf("get: status %d, %q", a.Status, a.Body)
	}
	if a = n.Do(secure(n.Request("GET", "/", "", ""))); !strings.Contains(a.Body, "curl 'https://") {
		t.Errorf("welcome: %s", a.Body)
	}
	// A large value, and more than one request on a connection.
	c := n.dialTLS()
	if _, err := n.Store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.Send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := c.Receive("GET"); a.Status != 200 || len(a.Body) != engine.MaxValueSize {
			t.Errorf("status %d, %d bytes", a.Status, len(a.Body))
		}
	}
}

func TestTLSVersions(t *testing.T) {
	n := startTLS(t, nil)
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", n.Addr, &tls.Config{RootCAs: n.config.RootCAs, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}})
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
	if c, err := tls.Dial("tcp", n.Addr, &tls.Config{RootCAs: n.config.RootCAs, NextProtos: []string{"h2"}}); err == nil {
		_ = c.Close()
		t.Error("HTTP/2 is accepted")
	}
	apitest.Eventually(t, "the failures are counted", func() bool { return n.Handshakes() == 3 })
}

// A client that speaks HTTP is told what to do, also if it sends more than is read.
func TestPlainRequestOnHTTPS(t *testing.T) {
	n := startTLS(t, nil)
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 200_000),
	} {
		c := n.Dial()
		c.Send(request)
		if a := c.Receive("GET"); a.Status != 400 || !strings.Contains(a.Reason(), "HTTPS") || !a.Close {
			t.Errorf("status %d, %v", a.Status, a.Header)
		}
		if cw, ok := c.Conn.(*net.TCPConn); !ok || cw.CloseWrite() != nil || !c.Ended() {
			t.Error("the connection goes on")
		}
	}
	c := n.Dial()
	c.Send("\x00\x01garbage that is no protocol at all")
	if _, err := io.ReadAll(c.R); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	apitest.Eventually(t, "all are gone", func() bool { return n.open() == 0 })
	if got := n.Handshakes(); got != 3 {
		t.Errorf("%d failures", got)
	}
}

// Clients that say nothing, or begin and stop, end in time, and hold up nobody.
func TestSilentTLSClientsEnd(t *testing.T) {
	n := startTLS(t, func(o *api.Options) { o.ReadTimeout = 300 * time.Millisecond })
	const silent = 200
	for i := range silent {
		c := n.Dial()
		if i%2 == 1 {
			c.Send("\x16\x03\x01\x02\x00") // a record of 512 bytes begins
		}
	}
	if a := n.Do(secure(n.Request("GET", "/livez", "", ""))); a.Status != 200 {
		t.Errorf("beside them: status %d", a.Status)
	}
	n.Client.CloseIdleConnections()
	apitest.Eventually(t, "they are gone", func() bool { return n.open() == 0 })
	if got := n.Handshakes(); got != silent {
		t.Errorf("%d failures", got)
	}
}

// A connection without a word counts in the limits from the first moment.
func TestTLSConnectionLimits(t *testing.T) {
	n := startTLS(t, func(o *api.Options) { o.MaxConns = 1 })
	first := n.Dial()
	apitest.Eventually(t, "it is there", func() bool { return n.open() == 1 })
	if _, err := tls.Dial("tcp", n.Addr, n.config); err == nil {
		t.Error("a second connection is served")
	}
	if n.Rejected() != 1 {
		t.Errorf("%d rejected", n.Rejected())
	}
	_ = first.Close()
	apitest.Eventually(t, "there is room again", func() bool { return n.open() == 0 })
	if a := n.Do(secure(n.Request("GET", "/livez", "", ""))); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}

// A probe that only opens the port is no failure.
func TestTLSProbe(t *testing.T) {
	n := startTLS(t, nil)
	_ = n.Dial().Close()
	apitest.Eventually(t, "it has come and gone", func() bool { return n.HTTP.Counts().Accepted == 1 && n.HTTP.Counts().Open == 0 })
	if got := n.Handshakes(); got != 0 {
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
				resp, err := client.Get("https://" + n.Addr + "/livez")
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
	apitest.Eventually(t, "the first is seen", func() bool { return has("first") && requests.Load() > 20 })
	n.cert.Store(second)
	apitest.Eventually(t, "the second is seen", func() bool { return has("second") })
	close(stop)
	clients.Wait()
}

func TestTLSTokenIsBoundToThePeer(t *testing.T) {
	n := startTLS(t, nil)
	foreign, err := n.Node.Node.Access.Issue(netip.MustParseAddr("127.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	a := n.Do(secure(n.Request("POST", "/data/", apitest.FormType, apitest.Encode("cmd", "set", "key", "k", "valuedata", "v", "token", string(foreign)))))
	if a.Status != 401 {
		t.Errorf("the token of another address: status %d", a.Status)
	}
}

// A page of another name is refused on a loopback address over TLS too.
func TestTLSHost(t *testing.T) {
	n := startTLS(t, nil)
	c := n.dialTLS()
	c.Send("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n")
	if a := c.Receive("GET"); a.Status != 421 {
		t.Errorf("status %d", a.Status)
	}
}

func TestTLSSockets(t *testing.T) {
	n := startTLS(t, nil)
	n.Store.M["k"] = apitest.Entry{Value: []byte("value"), Meta: engine.Meta{Size: 5}}
	n.Store.M["big"] = apitest.Entry{Value: make([]byte, 4<<20), Meta: engine.Meta{Size: 4 << 20}}
	dialer := &websocket.Dialer{TLSClientConfig: n.config, HandshakeTimeout: 20 * time.Second}
	ws, _, err := dialer.Dial("wss://"+n.Addr+"/ws", http.Header{"Origin": {"https://" + n.Addr}})
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
	if _, resp, err := dialer.Dial("wss://"+n.Addr+"/ws", http.Header{"Origin": {"https://evil.example"}}); err == nil || resp.StatusCode != 403 {
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
	c := n.Dial()
	c.Send("GET /metrics HTTP/1.1\r\n\r\n")
	c.Receive("GET")
	a := n.Do(secure(n.insecure().Request("GET", "/metrics", "", "")))
	for _, want := range []string{"owlcache_tls_handshake_failures_total 1\n", "owlcache_tls_certificate_expiry_seconds -3"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("no %q in %d bytes", want, len(a.Body))
		}
	}
	if a := apitest.Start(t, nil).Get("/metrics"); strings.Contains(a.Body, "owlcache_tls_") {
		t.Error("figures of TLS without it")
	}
}

// insecure lets the client of the node accept any certificate.
func (n *tlsNode) insecure() *tlsNode {
	n.config.InsecureSkipVerify = true
	return n
}
