package asktest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/gorilla/websocket"
)

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
