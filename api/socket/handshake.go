package socket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
)

// upgrade returns an error for a request that it has refused.
func (s *Server) upgrade(x *exchange.Exchange) (*transport, *websocket.Conn, error) {
	up := s.upgrader
	up.Error = func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
		x.Ctx.Response.Header.Set("Sec-Websocket-Version", "13")
		x.Refuse(fault.Refusal{Status: status, Reason: reason.Error()})
	}
	request := &http.Request{Method: string(x.Ctx.Method()), Header: http.Header{}}
	for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Version", "Sec-Websocket-Key"} {
		for _, v := range x.Ctx.Request.Header.PeekAll(name) {
			request.Header.Add(name, string(v))
		}
	}
	t := &transport{Conn: x.Conn}
	ws, err := up.Upgrade(&upgradeWriter{t}, request, http.Header{"Server": {s.opts.Name}})
	return t, ws, err
}

type upgradeWriter struct{ transport *transport }

func (w *upgradeWriter) Header() http.Header { return http.Header{} }

// Write and WriteHeader are never used: errors have an answer of their own.
func (w *upgradeWriter) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (w *upgradeWriter) WriteHeader(int)           {}

func (w *upgradeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.transport, bufio.NewReadWriter(bufio.NewReaderSize(w.transport, 16), bufio.NewWriterSize(w.transport, 16)), nil
}

// transport holds back what is written before open: the library answers the handshake when the HTTP
// server may still hold answers to earlier requests. What was read ahead is read first.
type transport struct {
	*conn.Conn
	r    io.Reader // nil before open
	head []byte
}

func (l *transport) open(r io.Reader, deadline time.Time) error {
	l.r = r
	if err := l.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := l.Conn.Write(l.head)
	l.head = nil
	return err
}

func (l *transport) Read(p []byte) (int, error) {
	if l.r == nil {
		return 0, errors.ErrUnsupported // nothing is read before the handshake is answered
	}
	return l.r.Read(p)
}

func (l *transport) Write(p []byte) (int, error) {
	if l.r == nil {
		l.head = append(l.head, p...)
		return len(p), nil
	}
	return l.Conn.Write(p)
}

func asksForSocket(x *exchange.Exchange) bool {
	for _, v := range x.Ctx.Request.Header.PeekAll("Upgrade") {
		if bytes.Contains(bytes.ToLower(v), []byte("websocket")) {
			return true
		}
	}
	return false
}
