package line

// The figures of a server, for the tests.
func (s *Server) Hostile() uint64 { return s.hostile.Load() }
func (s *Server) Slow() uint64    { return s.slow.Load() }

// Greeting is what a connection begins with.
const Greeting = greeting
