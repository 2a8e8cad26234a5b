package readthrough

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

type redisClient struct {
	redis    *redis.Client
	maxValue int64
	password string
}

func newRedis(opts Options) *server {
	// The library would write to the standard error. What it has to say is in its errors.
	logging.Disable()
	s := newServer("redis", opts.Redis.Addr, opts, opts.Redis.SourceOptions)
	s.client = &redisClient{
		redis:    redis.NewClient(redisOptions(opts, s.limit)),
		maxValue: int64(opts.MaxValueSize),
		password: opts.Redis.Password,
	}
	return s
}

// redisOptions suit old servers: RESP2, and no commands that they do not know, besides HELLO, which the
// library gets over.
func redisOptions(opts Options, limit time.Duration) *redis.Options {
	return &redis.Options{
		Addr:     opts.Redis.Addr,
		Password: opts.Redis.Password,
		DB:       opts.Redis.DB,

		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},

		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			d := net.Dialer{Timeout: limit}
			conn, err := d.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return newRedisConn(conn, int64(opts.MaxValueSize)+redisExtra), nil
		},
		DialTimeout:           limit,
		ReadTimeout:           limit,
		WriteTimeout:          limit,
		PoolTimeout:           limit,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, // the breaker decides
		DialerRetries:         1,

		PoolSize:         opts.Concurrency,
		MaxActiveConns:   opts.Concurrency,
		PipelinePoolSize: -1, // none apart
		ReadBufferSize:   8 << 10,
		WriteBufferSize:  8 << 10,
	}
}

// get asks for the size first, so that a large value is not sent in vain.
func (c *redisClient) get(ctx context.Context, key string) ([]byte, error) {
	var size, exists *redis.IntCmd
	_, err := c.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		size, exists = p.StrLen(ctx, key), p.Exists(ctx, key)
		return nil
	})
	switch {
	case err != nil:
		return nil, c.judge(err)
	case size.Val() > c.maxValue:
		return nil, errTooLarge
	case exists.Val() == 0:
		return nil, errMiss
	}
	value, err := c.redis.Get(ctx, key).Bytes()
	switch {
	case err != nil:
		return nil, c.judge(err)
	case int64(len(value)) > c.maxValue: // it has grown meanwhile
		return nil, errTooLarge
	}
	return value, nil
}

// judge keeps the password, which servers that do not know AUTH quote, out of the error.
func (c *redisClient) judge(err error) error {
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE") {
		return errMiss
	}
	text := err.Error()
	if c.password == "" || !strings.Contains(text, c.password) {
		return err
	}
	// Servers that do not know AUTH quote what was sent.
	return fmt.Errorf("redis: %s", strings.ReplaceAll(text, c.password, "********"))
}

func (c *redisClient) close() error { return c.redis.Close() }

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
