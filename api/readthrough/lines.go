package readthrough

import (
	"bytes"
	"net"
)

const maxLine = 4 << 10 // bytes

// lineConn is a connection whose answers are lines, some of which announce bytes behind them. It looks
// at the answers on their way: the libraries would make room for whatever the server names.
type lineConn struct {
	net.Conn
	// take takes note of a whole line, and returns how many bytes behind it are no lines.
	take func(line []byte) (skip int64, err error)
	long error // for a line of more than maxLine bytes

	line []byte // what has come of the present line
	skip int64  // bytes that are still to come
	err  error  // what was wrong, for good
}

// Read returns an error, and nothing of it, for what the library must not see. The connection
// cannot be used after that.
func (c *lineConn) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Read(p)
	if c.err = c.follow(p[:n]); c.err != nil {
		return 0, c.err
	}
	return n, err
}

// follow follows the answers by b and returns what is wrong with them.
func (c *lineConn) follow(b []byte) error {
	for len(b) > 0 {
		if n := min(c.skip, int64(len(b))); n > 0 {
			c.skip -= n
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n') + 1
		whole := end > 0
		if !whole {
			end = len(b)
		}
		if len(c.line)+end > maxLine {
			return c.long
		}
		c.line = append(c.line, b[:end]...)
		b = b[end:]
		if !whole {
			return nil
		}
		skip, err := c.take(c.line)
		if err != nil {
			return err
		}
		c.line, c.skip = c.line[:0], skip
	}
	return nil
}
