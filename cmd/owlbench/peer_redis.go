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

// inMemory and fsyncAlways are arguments of Redis for what it keeps on the disk:
// nothing, or every write before it is answered.
func inMemory() []string { return []string{"--save", "", "--appendonly", "no"} }

func fsyncAlways() []string {
	return []string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"}
}

// startRedis starts Redis with its files in the directory name and waits until it has
// loaded them.
func (s *site) startRedis(ctx context.Context, name string, cpu int, args ...string) (*redisServer, error) {
	dir := filepath.Join(s.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	r := &redisServer{addr: loopback(port), port: port}
	r.process, err = startReady(ctx, processOptions{
		Name: name, Path: "redis-server", Dir: s.dir, CPU: cpu,
		Args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--daemonize", "no"}, args...),
	}, func() error { return r.command(ctx, "PING") })
	return r, err
}

// startFilledRedis starts Redis on the CPU of servers and sets all keys of a load.
func (s *site) startFilledRedis(ctx context.Context, name string, load loadOptions, args ...string) (*redisServer, target, error) {
	r, err := s.startRedis(ctx, name, s.cpus.server, args...)
	if err != nil {
		return nil, target{}, err
	}
	t := redisTarget(r.addr, load)
	if err := preload(ctx, &t); err != nil {
		r.kill()
		return nil, target{}, err
	}
	return r, t, nil
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
