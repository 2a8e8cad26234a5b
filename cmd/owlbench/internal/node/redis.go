package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// Redis is a running Redis.
type Redis struct {
	*Process
	Addr string
	Port int
}

// InMemory are the arguments of a Redis that keeps nothing on the disk.
func InMemory() []string { return []string{"--save", "", "--appendonly", "no"} }

// FsyncAlways are those of one that writes to the disk before it answers.
func FsyncAlways() []string {
	return []string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"}
}

// StartRedis starts Redis with its files in the directory name and waits until it has
// loaded them.
func (s *Site) StartRedis(ctx context.Context, name string, core int, args ...string) (*Redis, error) {
	dir := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	r := &Redis{Addr: Loopback(port), Port: port}
	r.Process, err = StartServer(ctx, ProcessOptions{
		Name: name, Path: "redis-server", Dir: s.Dir, CPU: core,
		Args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--daemonize", "no"}, args...),
	}, func() error { return r.Command(ctx, "PING") })
	return r, err
}

// StartFilledRedis starts Redis and sets all keys of a load.
func (b *Bench) StartFilledRedis(ctx context.Context, name string, core int, args ...string) (*Redis, load.Target, error) {
	b.Logf("setting %d keys in redis", b.Keys)
	r, err := b.StartRedis(ctx, name, core, args...)
	if err != nil {
		return nil, load.Target{}, err
	}
	t := load.RedisTarget(r.Addr, b.Options)
	if err := load.Preload(ctx, &t); err != nil {
		r.Kill()
		return nil, load.Target{}, err
	}
	return r, t, nil
}

// Command sends a command and returns its error, if it answers one.
func (r *Redis) Command(ctx context.Context, words ...string) error {
	resp, err := load.Ask(ctx, r.Addr, load.ParseRESP, load.RedisCommand(words...))
	if err == nil && resp.Status != 200 {
		err = fmt.Errorf("%s: %s", strings.Join(words, " "), resp.Body)
	}
	return err
}

// Shutdown ends Redis with or without saving its data.
func (r *Redis) Shutdown(ctx context.Context, how string) error {
	// The answer to a shutdown that works is that the connection ends.
	err := r.Command(ctx, "SHUTDOWN", how)
	select {
	case <-r.ended:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(stopPatience):
		return fmt.Errorf("redis does not end: %w", err)
	}
}
