package line

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/node"
)

const (
	greeting = "Owlcache TCP Link Success...\n"

	// A connection begins with a buffer of bufferMin bytes for what it receives, and may
	// have buffer. A client that fills that, or sends a long line, gets more from the
	// memory for large requests.
	bufferMin = 2 << 10
	buffer    = 16 << 10
	bufferMax = 64 << 10 // for lines that are not long
	// answerBuffer is how many bytes of answers are gathered for one write.
	answerBuffer = 64 << 10
)

// Options of a Server.
type Options struct {
	MaxConns, MaxConnsPerIP int // as of conn.NewTable

	ReadTimeout time.Duration // from the first byte of a line to its last
	IdleTimeout time.Duration // between two lines
	OpenWrites  bool          // writes need no password; default: on this machine only

	Logger      *slog.Logger
	LogRequests bool
}

// Server serves the line protocol. Its connections are limited apart from those of HTTP.
type Server struct {
	Conns *conn.Table

	node     *node.Node
	opts     Options
	maxLine  int       // bytes, with its end
	sessions sync.Pool // of *session
	work     sync.Pool // of *work

	hostile atomic.Uint64 // connections that were closed because HTTP or TLS came
	slow    atomic.Uint64 // connections that were closed because the client was too slow
	counts  [conn.Stripes]counts
}

// New makes a server.
func New(n *node.Node, opts Options) *Server {
	return &Server{
		Conns:    conn.NewTable(opts.MaxConns, opts.MaxConnsPerIP),
		node:     n,
		opts:     opts,
		maxLine:  maxLine(n.MaxValueSize),
		sessions: sync.Pool{New: func() any { return new(session) }},
		work:     sync.Pool{New: func() any { return newWork() }},
	}
}

// Serve serves a connection that Conns has admitted to its end, and closes it.
func (s *Server) Serve(c *conn.Conn) (err error) {
	defer s.Conns.Remove(c)
	defer func() { _ = c.Close() }() // what was to be sent has been sent
	t := s.sessions.Get().(*session)
	defer t.end()
	defer func() {
		if p := recover(); p != nil {
			s.node.LogPanic("serving a TCP connection", p)
		}
	}()
	store := s.node.Gate.Wait()
	if store == nil {
		return nil // loading or stopping: the client connects again
	}
	t.begin(s, store, c)
	return t.serve()
}
