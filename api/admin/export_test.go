package admin

// Backups returns how many backups are being made.
func (s *Server) Backups() int { return len(s.backups) }

// Lists returns how many lists are being sent.
func (s *Server) Lists() int { return len(s.lists) }
