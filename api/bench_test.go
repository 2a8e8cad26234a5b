package api

import (
	"fmt"
	"net"
	"testing"

	"github.com/valyala/fasthttp"
)

// benchServer returns a server over a store with 1000 keys of 100 bytes, and a token.
func benchServer(b *testing.B) (*Server, *conn, string) {
	b.Helper()
	s, err := New(Options{Version: "0.6.0", Password: testPassword, TokenSecret: testSecret})
	if err != nil {
		b.Fatal(err)
	}
	store := newMemStore()
	for i := range 1000 {
		if _, err := store.Set(fmt.Appendf(nil, "key-%d", i), make([]byte, 100), 0); err != nil {
			b.Fatal(err)
		}
	}
	s.Ready(store)
	local, remote := net.Pipe()
	b.Cleanup(func() { _, _ = local.Close(), remote.Close() })
	peer := peerOf(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	token, err := s.tokens.issue(peer)
	if err != nil {
		b.Fatal(err)
	}
	return s, &conn{Conn: local, peer: peer, loopback: true, responseHost: "127.0.0.1:7721"}, string(token)
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
		s.handle(&ctx)
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
