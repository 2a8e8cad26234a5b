package conn

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
)

// Bounds on reading on after an answer that left the request's body unread.
// Closing at once would reset the connection, and the reset can overtake the answer.
const (
	lingerTime  = time.Second
	lingerBytes = 4 << 20
)

// Conn is an accepted connection with what is known of it and whether a request is under way.
//
// Deadlines are set lazily. The HTTP server moves them three times per request, which costs more than
// finding the key; here a deadline reaches the network poller only when it is about to be used and
// differs by more than Slack from the one in force. It may therefore strike up to Slack early.
type Conn struct {
	net.Conn
	Peer         netip.Addr // client's address, IPv4 unmapped, no zone
	Loopback     bool       // the local address is a loopback address
	ResponseHost string     // what answers name as the node that gave them
	Stripe       int        // of counters, below Stripes
	WriteTimeout time.Duration
	Slack        time.Duration

	Linger  bool   // the request's body is partly unread; Close reads on
	ReadErr error  // of the last read that failed
	Pump    func() // what serves the connection once HTTP has let go of it; set by Upgrade

	Busy atomic.Bool // between the first byte of a request and the end of its answer

	upgraded atomic.Bool // Busy stays set from then on, and says nothing
	stuck    atomic.Bool // a write has timed out: the client does not read
	retire   atomic.Bool // no further request may begin

	eager bool // deadlines take effect at once
	read  deadline
	write deadline
}

// New returns nc as a connection. responseHost is what answers name as the node.
func New(nc net.Conn, responseHost string, writeTimeout, slack time.Duration) *Conn {
	return &Conn{
		Conn: nc, Peer: PeerOf(nc.RemoteAddr()), Loopback: isLoopback(nc.LocalAddr()),
		ResponseHost: responseHost, WriteTimeout: writeTimeout, Slack: slack,
	}
}

type deadline struct{ want, have time.Time }

func (d *deadline) due(slack time.Duration) bool {
	if d.want.IsZero() == d.have.IsZero() {
		ahead := d.want.Sub(d.have)
		if ahead >= 0 && (ahead < slack || ahead == 0) {
			return false
		}
	}
	d.have = d.want
	return true
}

// SetReadDeadline sets the deadline that counts from the next read on.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.eager {
		return c.Conn.SetReadDeadline(t)
	}
	c.read.want = t
	return nil
}

// SetWriteDeadline sets the deadline that counts from the next write on.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.eager {
		return c.Conn.SetWriteDeadline(t)
	}
	c.write.want = t
	return nil
}

// SetDeadline ends the lazy setting: the HTTP server calls it only when it hands the connection over to
// another protocol, which may read and write in several goroutines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.eager = true
	return c.Conn.SetDeadline(t)
}

func (c *Conn) Read(p []byte) (int, error) {
	if c.retire.Load() {
		// Release may have put a deadline in force that is in the past.
		c.read.have = time.Time{}
	}
	if !c.eager {
		if err := c.limitRead(); err != nil {
			return 0, err
		}
	}
	// In this order, so that Release either is seen here or wakes the read.
	if c.retire.Load() && !c.Busy.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Read(p)
	if n > 0 && !c.Busy.Load() {
		c.Busy.Store(true)
		c.write.want = time.Time{} // the one of the answer before is over
	}
	if err != nil {
		c.ReadErr = err
	}
	return n, err
}

// Reading from an encrypted connection may also write, as an answer to a change of keys. That must
// neither wait for ever for a client that does not read, nor meet the deadline of an earlier answer.
func (c *Conn) limitRead() error {
	if c.read.due(c.Slack) {
		if err := c.Conn.SetReadDeadline(c.read.want); err != nil {
			return err
		}
	}
	if _, encrypted := c.Conn.(*tls.Conn); !encrypted || c.read.have.IsZero() {
		return nil
	}
	if until := c.read.have.Add(c.WriteTimeout); c.write.have.Before(until) {
		c.write.have = until
		return c.Conn.SetWriteDeadline(until)
	}
	return nil
}

// Extend gives the client time anew for what it is about to be sent.
func (c *Conn) Extend() error { return c.SetWriteDeadline(time.Now().Add(c.WriteTimeout)) }

// Upgrade has pump serve the connection when the HTTP server lets go of it.
func (c *Conn) Upgrade(pump func()) {
	c.Pump = pump
	c.upgraded.Store(true)
}

// Retiring tells whether Release has been called.
func (c *Conn) Retiring() bool { return c.retire.Load() }

// Ended tells whether the client has closed its side.
func (c *Conn) Ended() bool { return errors.Is(c.ReadErr, io.EOF) }

func (c *Conn) Write(p []byte) (int, error) {
	if c.write.want.IsZero() {
		// The HTTP server sets a deadline for answers, but not for "100 Continue" and
		// for what it says to a malformed request.
		c.write.want = time.Now().Add(c.WriteTimeout)
	}
	if !c.eager && c.write.due(c.Slack) {
		if err := c.Conn.SetWriteDeadline(c.write.want); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.stuck.Store(true)
	}
	return n, err
}

// Release ends the connection as soon as no request is under way. Any goroutine may call it.
func (c *Conn) Release() {
	c.retire.Store(true)
	if !c.Busy.Load() {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0)) // a dead connection ends without it
	}
}

// Cut ends the connection at once, with no word to the client. Any goroutine may call it.
func (c *Conn) Cut() {
	_ = c.transport().Close() // there is nobody to tell of an error
}

// transport returns the connection below TLS, where saying goodbye could take seconds.
func (c *Conn) transport() net.Conn {
	if encrypted, ok := c.Conn.(*tls.Conn); ok {
		return encrypted.NetConn()
	}
	return c.Conn
}

// Close throws away what a client did not read in its time: the system would try to deliver it for
// minutes.
func (c *Conn) Close() error {
	if c.stuck.Load() {
		if tcp, ok := c.transport().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // fails only when it is closed
		}
		return c.transport().Close()
	}
	if c.Linger {
		c.Drain()
	}
	return c.Conn.Close()
}

// Drain tells the client that no more is coming and reads for a moment what it still sends.
func (c *Conn) Drain() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.Conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // best effort
	}
}

// IsTimeout tells whether err is that of a deadline.
func IsTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

// PeerOf returns the client's address in the one form that tokens are bound to.
func PeerOf(addr net.Addr) netip.Addr {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
