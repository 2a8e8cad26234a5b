package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// compareSet measures durable writes over HTTP against webdis in front of
// Redis, both with an fsync before each answer.
func (c *comparison) compareSet(ctx context.Context) error {
	if c.missing("set", "redis-server", "webdis") {
		return nil
	}
	n, owl, err := c.startNode(ctx, c.cpus.server, "WAL_Sync=always")
	if err != nil {
		return err
	}
	defer n.kill()
	r, err := c.startRedis(ctx, filepath.Join(c.dir, "redis-aof"), c.cpus.server,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
	if err != nil {
		return err
	}
	defer r.kill()
	native := redisTarget(r.addr, c.load)
	c.logf("setting %d keys in redis", c.load.Keys)
	if err := preload(ctx, &native); err != nil {
		return err
	}
	w, peer, err := c.startWebdis(ctx, r.port)
	if err != nil {
		return err
	}
	defer w.kill()
	d, err := c.fight(ctx, mixSet, &owl, &peer)
	if err != nil {
		return err
	}
	c.rows = append(c.rows, newRow("set, fsync always", "webdis and redis, fsync always", "per second", d.a, d.b, 1.5, false))
	if d, err = c.fight(ctx, mixSet, &owl, &native); err != nil {
		return err
	}
	c.rows = append(c.rows, newRow("set, fsync always", "redis, own protocol, fsync always", "per second", d.a, d.b, 0, false))
	return n.terminate(stopPatience)
}

// webdisConfig is what the configuration file of webdis says.
type webdisConfig struct {
	RedisHost string `json:"redis_host"`
	RedisPort int    `json:"redis_port"`
	HTTPHost  string `json:"http_host"`
	HTTPPort  int    `json:"http_port"`
	Threads   int    `json:"threads"`
	PoolSize  int    `json:"pool_size"` // connections to Redis per thread
	Daemonize bool   `json:"daemonize"`
	Verbosity int    `json:"verbosity"`
	Logfile   string `json:"logfile"`
}

// startWebdis starts webdis in front of Redis, with the threads and connections that
// it has where nobody has tuned it. (With one thread and two connections, the best
// for one CPU, it is about a sixth faster.)
func (c *comparison) startWebdis(ctx context.Context, redisPort int) (*process, target, error) {
	port, err := freePort()
	if err != nil {
		return nil, target{}, err
	}
	file := filepath.Join(c.dir, "webdis.json")
	config, err := json.Marshal(webdisConfig{
		RedisHost: "127.0.0.1", RedisPort: redisPort, HTTPHost: "127.0.0.1", HTTPPort: port,
		Threads: 2, PoolSize: 20, Logfile: filepath.Join(c.dir, "webdis-own.log"),
	})
	if err != nil {
		return nil, target{}, err
	}
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, target{}, err
	}
	p, err := startProcess(processOptions{Name: "webdis", Path: "webdis", Args: []string{file}, Dir: c.dir, CPU: c.cpus.server})
	if err != nil {
		return nil, target{}, err
	}
	t := webdisTarget(loopback(port), c.load)
	if err := p.waitReady(ctx, startPatience, func() error { return askWebdis(ctx, t.addr) }); err != nil {
		p.kill()
		return nil, target{}, err
	}
	return p, t, nil
}

// webdisTarget sends the shortest requests that webdis takes.
func webdisTarget(addr string, load loadOptions) target {
	return target{
		name:  "webdis",
		addr:  addr,
		get:   newTemplate(httpGet("/GET/{key}.txt")),
		set:   newTemplate(httpGet("/SET/{key}/" + sampleValue(load.Value))),
		parse: parseResponse,
		keys:  load.Keys,
		value: load.Value,
	}
}

// askWebdis returns nil when webdis reaches Redis.
func askWebdis(ctx context.Context, addr string) error {
	resp, err := ask(ctx, addr, parseResponse, httpGet("/PING"))
	if err == nil && resp.status != 200 {
		err = fmt.Errorf("PING answers %d", resp.status)
	}
	return err
}
