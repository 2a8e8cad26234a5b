package api

import (
	"net"
	"sync"
	"sync/atomic"
)

const (
	tcpGreeting = "Owlcache TCP Link Success...\n"

	// A connection begins with a buffer of tcpBufferMin bytes for what it receives, and may
	// have tcpBuffer. A client that fills that, or sends a long line, gets more from the
	// memory for large requests.
	tcpBufferMin = 2 << 10
	tcpBuffer    = 16 << 10
	tcpBufferMax = 64 << 10 // for lines that are not long
	// tcpAnswers is how many bytes of answers are gathered for one write. Only a connection
	// that has something to answer has a buffer for them.
	tcpAnswers = 64 << 10
)

// tcpSide is what all connections of the line protocol have in common. They are counted
// and limited apart from those of HTTP, so that neither can take the other's place.
type tcpSide struct {
	conns        *connTable
	responseHost string
	maxLine      int       // bytes, with its end
	sessions     sync.Pool // of *tcpSession
	work         sync.Pool // of *tcpWork

	rejected atomic.Uint64 // connections that were refused
	hostile  atomic.Uint64 // connections that were closed because HTTP or TLS came
	slow     atomic.Uint64 // connections that were closed because the client was too slow
	counts   [stripes]tcpCounts
}

func newTCPSide(o Options) *tcpSide {
	return &tcpSide{
		conns:        newConnTable(o.MaxConns, o.MaxConnsPerIP),
		responseHost: o.hostPort(o.TCPPort),
		maxLine:      maxTCPLine(o.MaxValueSize),
		sessions:     sync.Pool{New: func() any { return new(tcpSession) }},
		work:         sync.Pool{New: func() any { return newTCPWork() }},
	}
}

// ServeTCP accepts connections of the line protocol on ln and serves them until Shutdown,
// as Serve does for HTTP.
func (s *Server) ServeTCP(ln net.Listener) error {
	return s.accept(ln, s.tcp.conns, s.admitTCP)
}

// admitTCP starts to serve nc or closes it: there is no answer that would not be taken
// for that of a command.
func (s *Server) admitTCP(nc net.Conn) {
	c := s.newConn(nc, s.tcp.responseHost)
	switch s.tcp.conns.add(c) {
	case admitted:
		go s.serveTCP(c)
	case tooManyConns, tooManyFromPeer:
		s.tcp.rejected.Add(1)
		_ = nc.Close()
	case shuttingDown:
		_ = nc.Close() // it was never served
	}
}

// serveTCP serves one connection to its end.
func (s *Server) serveTCP(c *conn) {
	defer s.tcp.conns.remove(c)
	defer func() { _ = c.Close() }() // what was to be sent has been sent
	t := s.tcp.sessions.Get().(*tcpSession)
	defer t.end()
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("serving a TCP connection", p)
		}
	}()
	store := s.gate.wait()
	if store == nil {
		return // loading or stopping: the client connects again
	}
	t.begin(s, store, c)
	if err := t.serve(); !isUsualEnd(err) {
		s.opts.TCPLogger.Debug("TCP connection ended", "remote", c.peer, "err", err)
	}
}
