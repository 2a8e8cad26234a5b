package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// redisServer is a running Redis.
type redisServer struct {
	*process
	addr string
	port int
}

// startRedis starts Redis with its files in dir and waits until it has loaded
// them.
func (c *comparison) startRedis(ctx context.Context, dir string, cpu int, args ...string) (*redisServer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(processOptions{
		Name: filepath.Base(dir), Path: "redis-server", Dir: c.dir, CPU: cpu,
		Args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--daemonize", "no"}, args...),
	})
	if err != nil {
		return nil, err
	}
	r := &redisServer{process: p, addr: loopback(port), port: port}
	if err := p.waitReady(ctx, startPatience, func() error { return r.command(ctx, "PING") }); err != nil {
		p.kill()
		return nil, err
	}
	return r, nil
}

// command sends a command and returns its error, if it answers one.
func (r *redisServer) command(ctx context.Context, words ...string) error {
	resp, err := ask(ctx, r.addr, parseRESP, respCommand(words...))
	if err == nil && resp.status != 200 {
		err = fmt.Errorf("%s: %s", strings.Join(words, " "), resp.body)
	}
	return err
}

// shutdown ends Redis with or without saving its data.
func (r *redisServer) shutdown(ctx context.Context, how string) error {
	// The answer to a shutdown that works is that the connection ends.
	err := r.command(ctx, "SHUTDOWN", how)
	select {
	case <-r.ended:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(stopPatience):
		return fmt.Errorf("redis does not end: %w", err)
	}
}
