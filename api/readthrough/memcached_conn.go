package readthrough

import (
	"bytes"
	"net"
	"strconv"
	"time"
)

// memcachedConn is a connection to memcached that reads no value larger than maxValue: the
// library would make room for whatever size the server names. It looks at the answers on
// their way, which are
//
//	VALUE KEY FLAGS SIZE [CAS]\r\n
//	SIZE bytes\r\n
//	END\r\n
//
// and gives a question, sent in one Write, the time limit as a whole.
type memcachedConn struct {
	net.Conn
	maxValue uint64 // bytes
	timeout  time.Duration

	line []byte // what has come of the present line
	skip uint64 // bytes of a value that are still to come
}

func (c *memcachedConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// SetDeadline does nothing: the library gives each value of an answer time anew.
func (c *memcachedConn) SetDeadline(time.Time) error { return nil }

// Read returns errTooLarge, and nothing of it, for the line that announces too large a
// value. The connection cannot be used after that.
func (c *memcachedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.fits(p[:n]) {
		return 0, errTooLarge
	}
	return n, err
}

// fits follows the answer by b and returns false when that announces too large a value.
func (c *memcachedConn) fits(b []byte) bool {
	for len(b) > 0 {
		if n := min(c.skip, uint64(len(b))); n > 0 {
			c.skip -= n
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			c.line = append(c.line, b...) // the library gives up when its buffer is full of a line
			return true
		}
		c.line = append(c.line, b[:end+1]...)
		b = b[end+1:]
		size, isValue := announced(c.line)
		if size > c.maxValue {
			return false
		}
		if isValue {
			c.skip = size + uint64(len("\r\n"))
		}
		c.line = c.line[:0]
	}
	return true
}

// announced returns the size of the value that a line announces, if it does.
func announced(line []byte) (size uint64, isValue bool) {
	words := bytes.Split(bytes.TrimSuffix(line, []byte("\r\n")), []byte(" "))
	if len(words) < 4 || string(words[0]) != "VALUE" {
		return 0, false
	}
	size, err := strconv.ParseUint(string(words[3]), 10, 32)
	if err != nil && size == 0 {
		return 0, false // the library does not take it either
	}
	return size, true
}
