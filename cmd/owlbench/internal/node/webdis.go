package node

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"owlcache/cmd/owlbench/internal/load"
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

// StartWebdis starts webdis in front of Redis, with the threads and connections that
// it has where nobody has tuned it. (With one thread and two connections, the best
// for one CPU, it is about a sixth faster.)
func (s *Site) StartWebdis(ctx context.Context, redisPort int, opts load.Options) (*Process, load.Target, error) {
	port, err := FreePort()
	if err != nil {
		return nil, load.Target{}, err
	}
	file := filepath.Join(s.Dir, "webdis.json")
	config, err := json.Marshal(webdisConfig{
		RedisHost: "127.0.0.1", RedisPort: redisPort, HTTPHost: "127.0.0.1", HTTPPort: port,
		Threads: 2, PoolSize: 20, Logfile: filepath.Join(s.Dir, "webdis-own.log"),
	})
	if err == nil {
		err = os.WriteFile(file, config, 0o600)
	}
	if err != nil {
		return nil, load.Target{}, err
	}
	t := webdisTarget(Loopback(port), opts)
	p, err := StartServer(ctx, ProcessOptions{Name: "webdis", Path: "webdis", Args: []string{file}, Dir: s.Dir, CPU: s.CPUs.Server},
		func() error { return load.AskOK(ctx, t.Addr, "/PING") })
	return p, t, err
}

// webdisTarget sends the shortest requests that webdis takes.
func webdisTarget(addr string, opts load.Options) load.Target {
	return load.Target{
		Name:  "webdis",
		Addr:  addr,
		Get:   load.NewTemplate(load.HTTPGet("/GET/{key}.txt")),
		Set:   load.NewTemplate(load.HTTPGet("/SET/{key}/" + load.SampleValue(opts.Value))),
		Parse: load.ParseHTTP,
		Keys:  opts.Keys,
		Value: opts.Value,
	}
}
