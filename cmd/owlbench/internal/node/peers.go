package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// Redis is a running Redis.
type Redis struct {
	*Process
	Addr, Port string
}

// InMemory are the arguments of a Redis that keeps nothing on the disk.
func InMemory() []string { return []string{"--save", "", "--appendonly", "no"} }

// FsyncAlways are those of one that writes to the disk before it answers.
func FsyncAlways() []string {
	return []string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"}
}

// StartRedis starts Redis with its files in the directory name and waits until it has loaded them.
func (s *Site) StartRedis(ctx context.Context, name string, core int, args ...string) (*Redis, error) {
	dir := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r := new(Redis)
	var err error
	if r.Addr, r.Port, err = FreeAddr(); err != nil {
		return nil, err
	}
	r.Process, err = StartServer(ctx, ProcessOptions{
		Name: name, Path: "redis-server", Dir: s.Dir, CPU: core,
		Args: append([]string{"--bind", "127.0.0.1", "--port", r.Port, "--dir", dir, "--daemonize", "no"}, args...),
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

// nginxConfig needs the directory of all files and the port. Everything that
// nginx writes goes to the directory, so that it needs no rights of its own.
const nginxConfig = `daemon off;
master_process off;
worker_processes 1;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000000;
  open_file_cache max=10000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  server { listen %[2]s; root %[1]s/files; }
}
`

// StartNginx starts nginx with a file for each of some keys.
func (s *Site) StartNginx(ctx context.Context, opts load.Options) (*Process, load.Target, error) {
	addr, _, err := FreeAddr()
	if err != nil {
		return nil, load.Target{}, err
	}
	opts.Keys = min(opts.Keys, 1000) // a million small files would measure the file system
	t := load.Target{
		Name: "nginx", Addr: addr, Parse: load.ParseHTTP, Keys: opts.Keys, Value: opts.Value,
		Get: load.NewTemplate(load.HTTPGet("/" + load.AnyKey)),
	}
	dir := filepath.Join(s.Dir, "nginx")
	config := filepath.Join(dir, "nginx.conf")
	// A worker without rights of root has to reach the files.
	err = os.MkdirAll(filepath.Join(dir, "files"), 0o755)
	for key := range opts.Keys {
		err = cmp.Or(err, os.WriteFile(filepath.Join(dir, "files", load.KeyName(key)), []byte(load.SampleValue(opts.Value)), 0o644))
	}
	err = errors.Join(err, os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, t.Addr), 0o644))
	if err != nil {
		return nil, t, err
	}
	p, err := s.StartPeer(ctx, ProcessOptions{Name: "nginx", Path: "nginx", Args: []string{"-p", dir, "-c", config}}, t.Addr, "/"+load.KeyName(0))
	return p, t, err
}

// StartWebdis starts webdis in front of Redis, with the threads and connections that
// it has where nobody has tuned it. (With one thread and two connections, the best
// for one CPU, it is about a sixth faster.)
func (s *Site) StartWebdis(ctx context.Context, redisPort string, opts load.Options) (*Process, load.Target, error) {
	addr, port, err := FreeAddr()
	if err != nil {
		return nil, load.Target{}, err
	}
	t := load.Target{ // the shortest requests that webdis takes
		Name: "webdis", Addr: addr, Parse: load.ParseHTTP, Keys: opts.Keys, Value: opts.Value,
		Get: load.NewTemplate(load.HTTPGet("/GET/" + load.AnyKey + ".txt")),
		Set: load.NewTemplate(load.HTTPGet("/SET/" + load.AnyKey + "/" + load.SampleValue(opts.Value))),
	}
	file := filepath.Join(s.Dir, "webdis.json")
	config, err := json.Marshal(map[string]any{
		"redis_host": "127.0.0.1", "redis_port": json.Number(redisPort), "http_host": "127.0.0.1", "http_port": json.Number(port),
		"threads": 2, "pool_size": 20, // connections to Redis per thread
		"daemonize": false, "verbosity": 0, "logfile": filepath.Join(s.Dir, "webdis-own.log"),
	})
	if err = errors.Join(err, os.WriteFile(file, config, 0o600)); err != nil {
		return nil, t, err
	}
	p, err := s.StartPeer(ctx, ProcessOptions{Name: "webdis", Path: "webdis", Args: []string{file}}, t.Addr, "/PING")
	return p, t, err
}
