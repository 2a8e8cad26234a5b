package api_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/conn"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// benchServer returns a server over a store with 1000 keys of 100 bytes, and a token.
func benchServer(b *testing.B) (*api.Server, *conn.Conn, string) {
	b.Helper()
	s, err := api.New(api.Options{Version: "0.6.0", Password: apitest.Password, TokenSecret: apitest.Secret()})
	if err != nil {
		b.Fatal(err)
	}
	store := apitest.NewMemStore()
	for i := range 1000 {
		if _, err := store.Set(fmt.Appendf(nil, "key-%d", i), make([]byte, 100), 0); err != nil {
			b.Fatal(err)
		}
	}
	s.Ready(store)
	local, remote := net.Pipe()
	b.Cleanup(func() { _, _ = local.Close(), remote.Close() })
	peer := netip.MustParseAddr("127.0.0.1")
	token, err := s.Parts().Node.Access.Issue(peer)
	if err != nil {
		b.Fatal(err)
	}
	return s, &conn.Conn{Conn: local, Peer: peer, Loopback: true, ResponseHost: "127.0.0.1:7721"}, string(token)
}

func benchHandler(b *testing.B, path string, want int) {
	s, c, token := benchServer(b)
	var ctx fasthttp.RequestCtx
	ctx.Init2(c, nil, false)
	uri := path
	if want == 200 {
		uri += "&token=" + token
	}
	b.ReportAllocs()
	for b.Loop() {
		ctx.Request.Header.SetRequestURI(uri)
		ctx.Request.Header.SetHost("127.0.0.1:7721")
		s.Handle(&ctx)
		if ctx.Response.StatusCode() != want {
			b.Fatalf("status %d: %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
		ctx.Request.Reset()
		ctx.Response.Reset()
	}
}

func BenchmarkHandlerGet(b *testing.B) { benchHandler(b, "/data/?cmd=get&key=key-7", 200) }

func BenchmarkHandlerGetMiss(b *testing.B) { benchHandler(b, "/data/?cmd=get&key=none", 404) }

func BenchmarkHandlerExist(b *testing.B) { benchHandler(b, "/data/?cmd=exist&key=key-7", 200) }

func BenchmarkHandlerSet(b *testing.B) {
	benchHandler(b, "/data/?cmd=set&key=key-7&valuedata=0123456789", 200)
}

func BenchmarkHandlerNoToken(b *testing.B) { benchHandler(b, "/data/?cmd=set&key=key-7", 401) }

// replayConn is a client that sends one request again and again and reads nothing.
type replayConn struct {
	net.Conn
	request []byte
	left    int
}

func (c *replayConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	c.left--
	return copy(p, c.request), nil
}

func (c *replayConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *replayConn) Close() error                     { return nil }
func (c *replayConn) SetReadDeadline(time.Time) error  { return nil }
func (c *replayConn) SetWriteDeadline(time.Time) error { return nil }

// benchConn measures a whole request without the network.
func benchConn(b *testing.B, headers string) {
	s, c, _ := benchServer(b)
	request := "GET /data/?cmd=get&key=key-7 HTTP/1.1\r\nHost: 127.0.0.1:7721\r\n" + headers + "\r\n"
	c.Conn = &replayConn{Conn: c.Conn, request: []byte(request), left: b.N}
	b.ReportAllocs()
	b.ResetTimer()
	if err := s.ServeConn(c); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkConnGet(b *testing.B) { benchConn(b, "") }

func BenchmarkConnGetBrowser(b *testing.B) {
	benchConn(b, "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\nAccept: text/html,application/xhtml+xml\r\n"+
		"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nReferer: http://127.0.0.1:7721/\r\n")
}
