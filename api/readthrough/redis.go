package readthrough

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
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
