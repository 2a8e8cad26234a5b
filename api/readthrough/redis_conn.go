package readthrough

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"
)

const (
	maxRedisLine    = 4 << 10 // bytes
	maxRedisAnswers = 1024    // elements of all answers to a question; HELLO has most of them
	redisExtra      = 8 << 10 // bytes of texts of a question besides a value
)

// errNoRESP is returned for an answer that is none of RESP2, or longer than any that the
// commands here have.
var errNoRESP = errors.New("the server's answer is not RESP2, or has too many lines or too long ones")

// redisConn is a connection to Redis that reads no text larger than maxText: the library
// would make room for whatever length the server names, and reads a line to its end. It
// looks at the answers on their way, each of which is one of
//
//	+TEXT\r\n  -TEXT\r\n  :NUMBER\r\n
//	$SIZE\r\n SIZE bytes \r\n
//	*COUNT\r\n COUNT answers
//
// where a size or count of -1 stands for none.
type redisConn struct {
	net.Conn
	maxText int64 // bytes of all texts of the answers to a question

	line     []byte // what has come of the present line
	skip     int64  // bytes of a text that are still to come
	elements int    // that have come since the question
	text     int64  // bytes of texts that were announced since the question
	err      error  // what was wrong, for good
}

func dialRedis(maxValue int, limit time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: limit}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &redisConn{Conn: conn, maxText: int64(maxValue) + redisExtra}, nil
	}
}

// SyscallConn lets the library see whether the server has closed an idle connection.
func (c *redisConn) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return conn.SyscallConn()
}

// Write sends a question, whose answers may be as large as any.
func (c *redisConn) Write(p []byte) (int, error) {
	c.elements, c.text = 0, 0
	return c.Conn.Write(p)
}

// Read returns errTooLarge or errNoRESP, and nothing of it, for what the library must not
// see. The connection cannot be used after that.
func (c *redisConn) Read(p []byte) (int, error) {
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
func (c *redisConn) follow(b []byte) error {
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
		if len(c.line)+end > maxRedisLine {
			return errNoRESP
		}
		c.line = append(c.line, b[:end]...)
		b = b[end:]
		if !whole {
			return nil
		}
		if err := c.take(c.line); err != nil {
			return err
		}
		c.line = c.line[:0]
	}
	return nil
}

func (c *redisConn) take(line []byte) error {
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if c.elements++; !ok || len(line) == 0 || c.elements > maxRedisAnswers {
		return errNoRESP
	}
	switch kind, rest := line[0], string(line[1:]); kind {
	case '+', '-', ':':
		return nil
	case '*':
		n, ok := parseRedisSize(rest)
		if !ok || n > int64(maxRedisAnswers-c.elements) {
			return errNoRESP
		}
		c.elements += int(n) // once more when they come: an array of arrays is no larger
	case '$':
		n, ok := parseRedisSize(rest)
		switch {
		case !ok:
			return errNoRESP
		case n > c.maxText-c.text:
			return errTooLarge
		case rest != "-1":
			c.text += n
			c.skip = n + int64(len("\r\n"))
		}
	default:
		return errNoRESP
	}
	return nil
}

// parseRedisSize reads -1 as nothing, and what no integer holds as too large for anything.
func parseRedisSize(s string) (int64, bool) {
	if s == "-1" {
		return 0, true
	}
	if s == "" || len(s) > 20 || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange)
}
