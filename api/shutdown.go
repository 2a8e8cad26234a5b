package api

import (
	"context"
	"errors"
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
	s.stop()
	err := errors.Join(s.conns.close(), s.tcp.conns.close())
	tables := []*connTable{s.conns, s.tcp.conns}
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		if tables = release(tables); len(tables) == 0 {
			return err
		}
		select {
		case <-tables[0].empty:
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("shutdown: %d connections cut off: %w", cutOff(tables), ctx.Err())
		}
	}
}

// release lets the connections of tables end, and returns the tables that have any left.
func release(tables []*connTable) (left []*connTable) {
	for _, t := range tables {
		t.each((*conn).release)
		select {
		case <-t.empty:
		default:
			left = append(left, t)
		}
	}
	return left
}

// cutOff closes the connections of tables and returns how many there were.
func cutOff(tables []*connTable) (n int) {
	for _, t := range tables {
		t.each(func(c *conn) {
			n++
			c.cut()
		})
	}
	return n
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
