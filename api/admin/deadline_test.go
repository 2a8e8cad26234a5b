package admin

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"owlcache/api/access"
	"owlcache/api/internal/conn"
	"owlcache/api/internal/node"
)

// deadlineConn keeps the deadline that is in force.
type deadlineConn struct {
	net.Conn
	write time.Time
}

func (c *deadlineConn) RemoteAddr() net.Addr               { return nil }
func (c *deadlineConn) LocalAddr() net.Addr                { return nil }
func (c *deadlineConn) Write(p []byte) (int, error)        { return len(p), nil }
func (c *deadlineConn) SetWriteDeadline(t time.Time) error { c.write = t; return nil }

// Each piece that is sent gets the whole time anew.
func TestBackupRenewsTheDeadline(t *testing.T) {
	n := node.New(t.Context(), access.Options{}, 1, 1, slog.New(slog.DiscardHandler))
	s := New(n, Options{Backup: func(_ context.Context, w io.Writer) error {
		for range 3 {
			if _, err := io.WriteString(w, "piece"); err != nil {
				return err
			}
		}
		return nil
	}})
	s.backups <- struct{}{}
	wire := &deadlineConn{}
	c := conn.New(wire, "", time.Hour, 0)
	b := s.startBackup(c)
	for {
		if err := c.SetWriteDeadline(time.Now()); err != nil { // as it was long ago
			t.Fatal(err)
		}
		before := time.Now()
		_, err := b.Read(make([]byte, 5))
		if _, werr := c.Write(nil); werr != nil || wire.write.Before(before.Add(time.Hour)) {
			t.Errorf("deadline %v, %v", wire.write, werr)
		}
		if err != nil {
			break
		}
	}
	if err := b.Close(); err != nil || !b.whole || b.sent != 15 {
		t.Errorf("%v, whole %t, %d bytes", err, b.whole, b.sent)
	}
}
