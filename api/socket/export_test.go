package socket

import "time"

// The figures of a server, for the tests.
func (s *Server) Open() int64      { return s.open.Load() }
func (s *Server) Requests() uint64 { return s.requests.Load() }
func (s *Server) Slow() uint64     { return s.slow.Load() }

// MaxRequest is the largest message of a client.
const MaxRequest = maxRequest

// SetTimes sets how often pings are sent, and how long a client may be silent or take its leave.
func (s *Server) SetTimes(ping, pong, grace time.Duration) {
	s.pingEvery, s.pongWait, s.closeGrace = ping, pong, grace
}

// MaxImports is how many tagged requests wait for an import at once.
const MaxImports = maxImports
