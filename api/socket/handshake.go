package socket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
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

// Browsers let every page connect to every server, and say where the page comes from; other programs
// say nothing. A page may connect if CORS allows its origin, or to the host that it comes from, which
// must be one that is served: with DNS rebinding a page's own name points here as well.
func originAllowed(x *exchange.Exchange) bool {
	origins := x.Ctx.Request.Header.PeekAll("Origin")
	switch len(origins) {
	case 0:
		return true
	case 1:
		if cors := x.Node.Access.Origins; cors != nil && cors.Allow(origins[0]) {
			return true
		}
		host := x.Ctx.URI().Host()
		return len(host) > 0 && sameOrigin(string(origins[0]), string(host)) && x.HostAllowed()
	}
	return false
}

// sameOrigin tells whether a page of this origin, like https://host:port, comes from host.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	var standard string // port
	switch u.Scheme {
	case "http":
		standard = ":80"
	case "https":
		standard = ":443"
	default:
		return false
	}
	return strings.EqualFold(strings.TrimSuffix(u.Host, standard), strings.TrimSuffix(host, standard))
}
