package readthroughtest

// Freeze skips the test: Windows cannot stop a process for a while.
func (s *Server) Freeze() { s.t.Skip("a process cannot be stopped for a while") }

// Thaw does nothing.
func (s *Server) Thaw() {}
