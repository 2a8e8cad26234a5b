package readthrough

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// maxMemcachedKey is the size in bytes of the largest key that memcached can hold.
const maxMemcachedKey = 250

// memcachedRing has each server as often as it was given.
type memcachedRing []*server

// newMemcached returns also each server once.
func newMemcached(opts Options) (memcachedRing, []*server) {
	var ring memcachedRing
	var servers []*server
	known := map[string]*server{}
	for _, address := range opts.Memcached.Servers {
		s := known[address]
		if s == nil {
			s = newServer("memcached", address, opts, opts.Memcached.SourceOptions)
			s.client = newMemcachedClient(address, s.limit, opts)
			known[address] = s
			servers = append(servers, s)
		}
		ring = append(ring, s)
	}
	return ring, servers
}

// pick returns the server that memcache.ServerList would, nil if no memcached can hold such a key.
func (r memcachedRing) pick(key string) *server {
	if len(key) > maxMemcachedKey {
		return nil
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] == 0x7f {
			return nil
		}
	}
	if len(r) == 1 {
		return r[0]
	}
	return r[crc32.ChecksumIEEE([]byte(key))%uint32(len(r))]
}

type memcachedClient struct {
	memcache *memcache.Client
	stale    time.Duration // in which a connection that was closed meanwhile is noticed
}

// Half of limit is for connecting, half for the question.
func newMemcachedClient(address string, limit time.Duration, opts Options) *memcachedClient {
	c := &memcachedClient{memcache: memcache.NewFromSelector(memcachedAddress(address)), stale: limit / 8}
	c.memcache.Timeout = limit / 2
	c.memcache.MaxIdleConns = opts.Concurrency
	c.memcache.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return newMemcachedConn(conn, uint64(opts.MaxValueSize), limit/2), nil
	}
	return c
}

// get does not look at ctx, which the library knows nothing of: its own limits end sooner.
func (c *memcachedClient) get(_ context.Context, key string) ([]byte, error) {
	start := time.Now()
	item, err := c.memcache.Get(key)
	if isEnd(err) && time.Since(start) < c.stale {
		// The server has closed the connection, as at its restart. The others that were
		// kept are no better.
		_ = c.memcache.Close()
		item, err = c.memcache.Get(key)
	}
	switch {
	case errors.Is(err, memcache.ErrCacheMiss), errors.Is(err, memcache.ErrMalformedKey):
		return nil, errMiss
	case err != nil:
		return nil, err
	}
	return item.Value, nil
}

func (c *memcachedClient) close() error { return c.memcache.Close() }

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// memcachedAddress is a HOST:PORT. The host is looked up for each connection, so that a name service that
// is down keeps nobody from starting.
type memcachedAddress string

func (a memcachedAddress) Network() string                     { return "tcp" }
func (a memcachedAddress) String() string                      { return string(a) }
func (a memcachedAddress) PickServer(string) (net.Addr, error) { return a, nil }
func (a memcachedAddress) Each(f func(net.Addr) error) error   { return f(a) }

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
