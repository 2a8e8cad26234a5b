package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
)

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
func (s *site) startWebdis(ctx context.Context, redisPort int, load loadOptions) (*process, target, error) {
	port, err := freePort()
	if err != nil {
		return nil, target{}, err
	}
	file := filepath.Join(s.dir, "webdis.json")
	config, err := json.Marshal(webdisConfig{
		RedisHost: "127.0.0.1", RedisPort: redisPort, HTTPHost: "127.0.0.1", HTTPPort: port,
		Threads: 2, PoolSize: 20, Logfile: filepath.Join(s.dir, "webdis-own.log"),
	})
	if err == nil {
		err = os.WriteFile(file, config, 0o600)
	}
	if err != nil {
		return nil, target{}, err
	}
	t := webdisTarget(loopback(port), load)
	p, err := startReady(ctx, processOptions{Name: "webdis", Path: "webdis", Args: []string{file}, Dir: s.dir, CPU: s.cpus.server},
		func() error { return askOK(ctx, t.addr, "/PING") })
	return p, t, err
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
