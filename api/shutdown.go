package api

import (
	"context"
	"fmt"
	"time"
)

// sweepInterval is how often Shutdown looks for connections that have become idle.
const sweepInterval = 20 * time.Millisecond

// Shutdown stops accepting, lets the requests in flight finish and closes idle
// connections. When ctx ends first, the connections that are left are closed and
// the error of ctx is returned; a handler that is inside the store then ends with
// the store's answer. Requests that wait for Ready are answered 503.
// Shutdown may be called again and waits each time.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() { close(s.stopping) })
	err := s.conns.close()
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		s.conns.each((*conn).release)
		select {
		case <-s.conns.empty:
			return err
		case <-tick.C:
		case <-ctx.Done():
			left := 0
			s.conns.each(func(c *conn) {
				left++
				_ = c.Conn.Close() // it is being cut off
			})
			return fmt.Errorf("shutdown: %d connections cut off: %w", left, ctx.Err())
		}
	}
}

// stopped tells whether Shutdown has begun.
func (s *Server) stopped() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}
