package readthrough

import (
	"bufio"
	"bytes"
	"net"
	"strconv"
	"time"
)

// memcachedConn is a connection to memcached that reads no value larger than maxValue. Answers are
//
//	VALUE KEY FLAGS SIZE [CAS]\r\n
//	SIZE bytes\r\n
//	END\r\n
//
// It gives a question, sent in one Write, the time limit as a whole.
type memcachedConn struct {
	lineConn
	maxValue uint64 // bytes
	timeout  time.Duration
}

func newMemcachedConn(conn net.Conn, maxValue uint64, timeout time.Duration) *memcachedConn {
	// The library gives up with the same error when its buffer is full of a line.
	c := &memcachedConn{lineConn: lineConn{Conn: conn, long: bufio.ErrBufferFull}, maxValue: maxValue, timeout: timeout}
	c.take = c.takeLine
	return c
}

func (c *memcachedConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// SetDeadline does nothing: the library gives each value of an answer time anew.
func (c *memcachedConn) SetDeadline(time.Time) error { return nil }

func (c *memcachedConn) takeLine(line []byte) (skip int64, err error) {
	words := bytes.Split(bytes.TrimSuffix(line, []byte("\r\n")), []byte(" "))
	if len(words) < 4 || string(words[0]) != "VALUE" {
		return 0, nil
	}
	size, err := strconv.ParseUint(string(words[3]), 10, 32)
	switch {
	case err != nil && size == 0:
		return 0, nil // the library does not take it either
	case size > c.maxValue:
		return 0, errTooLarge
	}
	return int64(size) + int64(len("\r\n")), nil
}
