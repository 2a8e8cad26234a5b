package readthrough

import (
	"bytes"
	"errors"
	"net"
	"strconv"
	"syscall"
)

const (
	maxRedisAnswers = 1024    // elements of all answers to a question; HELLO has most of them
	redisExtra      = 8 << 10 // bytes of texts of a question besides a value
)

// errNoRESP is returned for an answer that is none of RESP2, or longer than any that the
// commands here have.
var errNoRESP = errors.New("the server's answer is not RESP2, or has too many lines or too long ones")

// redisConn is a connection to Redis that reads no text larger than maxText. An answer is one of
//
//	+TEXT\r\n  -TEXT\r\n  :NUMBER\r\n
//	$SIZE\r\n SIZE bytes \r\n
//	*COUNT\r\n COUNT answers
//
// where a size or count of -1 stands for none.
type redisConn struct {
	lineConn
	maxText  int64 // bytes of all texts of the answers to a question
	elements int   // that have come since the question
	text     int64 // bytes of texts that were announced since the question
}

func newRedisConn(conn net.Conn, maxText int64) *redisConn {
	c := &redisConn{lineConn: lineConn{Conn: conn, long: errNoRESP}, maxText: maxText}
	c.take = c.takeLine
	return c
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

func (c *redisConn) takeLine(line []byte) (skip int64, err error) {
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if c.elements++; !ok || len(line) == 0 || c.elements > maxRedisAnswers {
		return 0, errNoRESP
	}
	switch kind, rest := line[0], string(line[1:]); kind {
	case '+', '-', ':':
	case '*':
		n, ok := parseRedisSize(rest)
		if !ok || n > int64(maxRedisAnswers-c.elements) {
			return 0, errNoRESP
		}
		c.elements += int(n) // once more when they come: an array of arrays is no larger
	case '$':
		n, ok := parseRedisSize(rest)
		switch {
		case !ok:
			return 0, errNoRESP
		case n > c.maxText-c.text:
			return 0, errTooLarge
		case rest != "-1":
			c.text += n
			skip = n + int64(len("\r\n"))
		}
	default:
		return 0, errNoRESP
	}
	return skip, nil
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
