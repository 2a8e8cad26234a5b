package api

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/conn"
	"owlcache/api/metrics"
)

const (
	acceptPauseMin = 5 * time.Millisecond
	acceptPauseMax = time.Second
	rejectTimeout  = time.Second // to write an answer to a connection that is refused
	maxSlack       = time.Second // a deadline may strike this much early, see conn
)

// Serve accepts connections on ln until Shutdown, then returns nil. Running out of file descriptors is no
// error: it waits. Serve closes ln, and may be called several times with different listeners.
func (s *Server) Serve(ln net.Listener) error {
	responseHost := s.opts.responseHost(ln.Addr())
	return s.accept(ln, s.conns, func(nc net.Conn) { s.admit(nc, responseHost) })
}

func (s *Server) accept(ln net.Listener, conns *conn.Table, admit func(net.Conn)) error {
	if !conns.AddListener(ln) {
		return conn.CloseListener(ln)
	}
	defer conns.RemoveListener(ln)
	pause := acceptPauseMin
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = acceptPauseMin
			admit(nc)
		case s.node.Stopped():
			return conn.CloseListener(ln)
		case isPassing(err):
			s.opts.Logger.Warn("cannot accept connections for the moment", "err", err, "pause", pause)
			select {
			case <-time.After(pause):
			case <-s.node.Stopping:
			}
			pause = min(2*pause, acceptPauseMax)
		default:
			return errors.Join(fmt.Errorf("accept on %s: %w", ln.Addr(), err), conn.CloseListener(ln))
		}
	}
}

func isPassing(err error) bool {
	passing := []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR}
	return slices.ContainsFunc(passing, func(e error) bool { return errors.Is(err, e) })
}

// ServeTCP is Serve for the line protocol.
func (s *Server) ServeTCP(ln net.Listener) error {
	responseHost := s.opts.hostPort(s.opts.TCPPort)
	return s.accept(ln, s.line.Conns, func(nc net.Conn) { s.admitTCP(nc, responseHost) })
}

// admitTCP serves nc or closes it: any answer would be taken for that of a command.
func (s *Server) admitTCP(nc net.Conn, responseHost string) {
	c := s.newConn(nc, responseHost)
	switch s.line.Conns.Add(c) {
	case conn.Admitted:
		go func() {
			if err := s.line.Serve(c); err != nil && !isUsualEnd(err) {
				s.opts.TCPLogger.Debug("TCP connection ended", "remote", c.Peer, "err", err)
			}
		}()
	case conn.TooMany, conn.TooManyFromPeer, conn.ShuttingDown: // it was never served
		_ = nc.Close()
	}
}

// Connections returns how many connections of clients are open.
func (s *Server) Connections() int {
	return s.conns.Counts().Open + s.line.Conns.Counts().Open
}

func (s *Server) admit(nc net.Conn, responseHost string) {
	if s.tls != nil {
		nc = tls.Server(nc, s.tls) // nothing is read or written yet
	}
	c := s.newConn(nc, responseHost)
	switch s.conns.Add(c) {
	case conn.Admitted:
		go s.serveConn(c)
	case conn.TooMany:
		s.reject(c, "503 Service Unavailable", "the node has as many connections as it serves at once")
	case conn.TooManyFromPeer:
		s.reject(c, "429 Too Many Requests", "your address has as many connections as the node serves at once for one address")
	case conn.ShuttingDown:
		c.Cut() // it was never served
	}
}

func (s *Server) newConn(nc net.Conn, responseHost string) *conn.Conn {
	o := &s.opts
	return conn.New(nc, responseHost, o.WriteTimeout, min(maxSlack, min(o.ReadTimeout, o.WriteTimeout, o.IdleTimeout, o.TCPIdleTimeout)/8))
}

// reject answers nothing over TLS: the handshake would take time that belongs to the next connection.
func (s *Server) reject(c *conn.Conn, status, reason string) {
	defer c.Cut()
	if s.tls != nil {
		return
	}
	_ = c.Conn.SetDeadline(time.Now().Add(rejectTimeout)) // all best effort: nobody is promised an answer here
	_, _ = c.Conn.Write(bareAnswer(status, s.name, reason, "Retry-After: 1\r\n"))
}

func (s *Server) serveConn(c *conn.Conn) {
	defer s.conns.Remove(c)
	defer func() {
		// Handlers have their own recovery; this is for the HTTP server itself.
		if p := recover(); p != nil {
			s.node.LogPanic("serving a connection", p)
			_ = c.Conn.Close()
		}
	}()
	if !s.handshake(c) {
		return
	}
	err := s.http.ServeConn(c)
	switch {
	case err == nil && c.Pump != nil:
		c.Pump() // the HTTP server has let go of the connection
	case err != nil && !isUsualEnd(err):
		s.opts.Logger.Debug("connection ended", "remote", c.Peer, "err", err)
	}
}

func isUsualEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || conn.IsTimeout(err)
}

func (s *Server) connCollector() prometheus.Collector {
	f := metrics.Of[conn.Counts]("owlcache_http_")
	f.Gauge("requests_in_flight", "Requests being read, served or answered.", func(n conn.Counts) float64 { return float64(n.Busy) })
	f.Gauge("connections", "Open client connections.", func(n conn.Counts) float64 { return float64(n.Open) })
	f.Counter("connections_accepted_total", "Client connections that were served.", func(n conn.Counts) uint64 { return n.Accepted })
	f.Counter("connections_rejected_total", "Client connections that were refused for a connection limit.", func(n conn.Counts) uint64 { return n.Rejected })
	return metrics.Collector(func(ch chan<- prometheus.Metric) { f.Send(ch, s.conns.Counts()) }, f)
}
