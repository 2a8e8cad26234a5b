package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"owlcache/api/internal/conn"
)

const sweepInterval = 20 * time.Millisecond

// Shutdown stops accepting, lets the requests in flight finish and closes idle connections. When ctx ends
// first, the connections that are left are closed and the error of ctx is returned. Requests that wait
// for Ready are answered 503. Shutdown may be called again and waits each time.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	err := errors.Join(s.conns.Close(), s.line.Conns.Close())
	tables := []*conn.Table{s.conns, s.line.Conns}
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		if tables = release(tables); len(tables) == 0 {
			return err
		}
		select {
		case <-tables[0].Empty:
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("shutdown: %d connections cut off: %w", cutOff(tables), ctx.Err())
		}
	}
}

// release lets idle connections end, and returns the tables that have any left.
func release(tables []*conn.Table) (left []*conn.Table) {
	for _, t := range tables {
		t.Each((*conn.Conn).Release)
		select {
		case <-t.Empty:
		default:
			left = append(left, t)
		}
	}
	return left
}

func cutOff(tables []*conn.Table) (n int) {
	for _, t := range tables {
		t.Each(func(c *conn.Conn) {
			n++
			c.Cut()
		})
	}
	return n
}
