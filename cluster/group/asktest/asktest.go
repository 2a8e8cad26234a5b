// Package asktest has members of an owlcache group for tests to ask: nodes of version
// 0.5.1 over HTTP and WebSockets, and servers that do whatever a test wants of them.
package asktest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// GoodHead is the beginning of an answer with a value, up to what says how long it is.
const GoodHead = "HTTP/1.1 200 OK\r\nKey: k\r\nKeycreatetime: 2026-11-22 10:50:17.178858725 +0000 UTC\r\n"

// ClosedPort returns an address where nobody listens.
func ClosedPort(t testing.TB) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// Within returns a context that ends after d, or with the test.
func Within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// WaitUntil waits until ok, and fails the test if that takes too long.
func WaitUntil(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("timed out waiting until %s", what)
}

// At returns one of sixty times, a second after the other.
func At(seconds int) time.Time {
	return time.Date(2026, 11, 22, 10, 0, seconds, 123456789, time.UTC)
}

// Pipe returns what makes connections in memory, for tests in virtual time. The member's
// end of each is served by serve and then closed.
func Pipe(serve func(net.Conn)) func(context.Context, string) (net.Conn, error) {
	return func(context.Context, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			serve(theirs)
		}()
		return ours, nil
	}
}

// Upgrade returns what makes of a connection a WebSocket and serves that.
func Upgrade(serve func(*websocket.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		var up websocket.Upgrader
		if ws, err := up.Upgrade(hijacked{c}, r, nil); err == nil {
			serve(ws)
		}
	}
}

// hijacked hands a connection to the library as if it came from an HTTP server.
type hijacked struct{ net.Conn }

func (hijacked) Header() http.Header       { return http.Header{} }
func (hijacked) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (hijacked) WriteHeader(int)           {}
func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.Conn, bufio.NewReadWriter(bufio.NewReader(h.Conn), bufio.NewWriter(h.Conn)), nil
}
