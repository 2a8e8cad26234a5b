package api

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// upgrade checks the handshake and prepares the answer to it. If it is none, the
// request has been answered with an error.
func (s *Server) upgrade(x *exchange) (*socketLink, *websocket.Conn, error) {
	up := s.sockets.upgrader
	up.Error = func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
		x.ctx.Response.Header.Set("Sec-Websocket-Version", "13")
		x.refuse(refusal{status: status, reason: reason.Error()})
	}
	request := &http.Request{Method: string(x.ctx.Method()), Header: http.Header{}}
	for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Version", "Sec-Websocket-Key"} {
		for _, v := range x.ctx.Request.Header.PeekAll(name) {
			request.Header.Add(name, string(v))
		}
	}
	link := &socketLink{conn: x.conn}
	ws, err := up.Upgrade(&upgradeWriter{link}, request, http.Header{"Server": {s.name}})
	return link, ws, err
}

// upgradeWriter is what the WebSocket library wants to see of an HTTP server.
type upgradeWriter struct{ link *socketLink }

func (w *upgradeWriter) Header() http.Header { return http.Header{} }

// Write and WriteHeader are never used: errors have an answer of their own.
func (w *upgradeWriter) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (w *upgradeWriter) WriteHeader(int)           {}

func (w *upgradeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.link, bufio.NewReadWriter(bufio.NewReaderSize(w.link, 16), bufio.NewWriterSize(w.link, 16)), nil
}

// socketLink is a connection as the WebSocket library sees it. The library answers the
// handshake when the HTTP server may still hold answers to requests before it, so that
// what is written before open is held back. What the HTTP server has read ahead is read
// first.
type socketLink struct {
	*conn
	r    io.Reader // nil before open
	head []byte
}

// open sends what was held back. r is the connection with what was read ahead.
func (l *socketLink) open(r io.Reader, deadline time.Time) error {
	l.r = r
	if err := l.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := l.conn.Write(l.head)
	l.head = nil
	return err
}

func (l *socketLink) Read(p []byte) (int, error) {
	if l.r == nil {
		return 0, errors.ErrUnsupported // nothing is read before the handshake is answered
	}
	return l.r.Read(p)
}

func (l *socketLink) Write(p []byte) (int, error) {
	if l.r == nil {
		l.head = append(l.head, p...)
		return len(p), nil
	}
	return l.conn.Write(p)
}
