package api

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	acceptPauseMin = 5 * time.Millisecond
	acceptPauseMax = time.Second
	rejectTimeout  = time.Second // to write an answer to a connection that is refused
	maxSlack       = time.Second // a deadline may strike this much early, see conn
)

// Serve accepts connections on ln and serves them until Shutdown, then returns nil.
// It returns an error if ln fails for another reason. Running out of file
// descriptors is none: it waits and goes on. Serve closes ln. It may be called
// several times with different listeners.
func (s *Server) Serve(ln net.Listener) error {
	responseHost := s.opts.responseHost(ln.Addr())
	return s.accept(ln, s.conns, func(nc net.Conn) { s.admit(nc, responseHost) })
}

// accept hands what comes in on ln, which is closed with conns, to admit.
func (s *Server) accept(ln net.Listener, conns *connTable, admit func(net.Conn)) error {
	if !conns.addListener(ln) {
		return closeListener(ln)
	}
	defer conns.removeListener(ln)
	pause := acceptPauseMin
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = acceptPauseMin
			admit(nc)
		case s.stopped():
			return closeListener(ln)
		case isPassing(err):
			s.opts.Logger.Warn("cannot accept connections for the moment", "err", err, "pause", pause)
			s.pause(pause)
			pause = min(2*pause, acceptPauseMax)
		default:
			return errors.Join(fmt.Errorf("accept on %s: %w", ln.Addr(), err), closeListener(ln))
		}
	}
}

func closeListener(ln net.Listener) error {
	if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close listener %s: %w", ln.Addr(), err)
	}
	return nil
}

// isPassing tells whether an accept may work again later.
func isPassing(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// pause waits for d or for the shutdown.
func (s *Server) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.stopping:
	}
}

// admit starts to serve nc or refuses it.
func (s *Server) admit(nc net.Conn, responseHost string) {
	c := s.newConn(s.encrypted(nc), responseHost)
	switch s.conns.add(c) {
	case admitted:
		go s.serveConn(c)
	case tooManyConns:
		s.reject(c, "503 Service Unavailable", "the node has as many connections as it serves at once")
	case tooManyFromPeer:
		s.reject(c, "429 Too Many Requests", "your address has as many connections as the node serves at once for one address")
	case shuttingDown:
		c.cut() // it was never served
	}
}

func (s *Server) newConn(nc net.Conn, responseHost string) *conn {
	return &conn{
		Conn:         nc,
		peer:         peerOf(nc.RemoteAddr()),
		loopback:     isLoopback(nc.LocalAddr()),
		responseHost: responseHost,
		writeTimeout: s.opts.WriteTimeout,
		slack:        min(maxSlack, min(s.opts.ReadTimeout, s.opts.WriteTimeout, s.opts.IdleTimeout, s.opts.TCPIdleTimeout)/8),
	}
}

// reject answers without a request having been read and closes. Over TLS there is no
// answer: the handshake would take time that belongs to the next connection.
func (s *Server) reject(c *conn, status, reason string) {
	s.metrics.rejected.Add(1)
	defer c.cut()
	if s.tls != nil {
		return
	}
	_ = c.Conn.SetDeadline(time.Now().Add(rejectTimeout)) // all best effort: nobody is promised an answer here
	_, _ = c.Conn.Write(bareAnswer(status, s.name, reason, "Retry-After: 1\r\n"))
}

// serveConn serves one connection to its end.
func (s *Server) serveConn(c *conn) {
	defer s.conns.remove(c)
	defer func() {
		// Handlers have their own recovery; this is for the HTTP server itself.
		if p := recover(); p != nil {
			s.logPanic("serving a connection", p)
			_ = c.Conn.Close()
		}
	}()
	if !s.handshake(c) {
		return
	}
	err := s.http.ServeConn(c)
	switch {
	case err == nil && c.socket != nil:
		c.socket.pump() // the HTTP server has let go of the connection and runs socket.serve
	case err != nil && !isUsualEnd(err):
		s.opts.Logger.Debug("connection ended", "remote", c.peer, "err", err)
	}
}

// isUsualEnd tells whether a connection ended as connections do.
func isUsualEnd(err error) bool {
	var ne net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.As(err, &ne) && ne.Timeout()
}
