package node

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"owlcache/cmd/owlbench/internal/load"
)

// StartWebdis starts webdis in front of Redis, with the threads and connections that
// it has where nobody has tuned it. (With one thread and two connections, the best
// for one CPU, it is about a sixth faster.)
func (s *Site) StartWebdis(ctx context.Context, redisPort int, opts load.Options) (*Process, load.Target, error) {
	port, err := FreePort()
	if err != nil {
		return nil, load.Target{}, err
	}
	t := load.Target{ // the shortest requests that webdis takes
		Name: "webdis", Addr: Loopback(port), Parse: load.ParseHTTP, Keys: opts.Keys, Value: opts.Value,
		Get: load.NewTemplate(load.HTTPGet("/GET/" + load.AnyKey + ".txt")),
		Set: load.NewTemplate(load.HTTPGet("/SET/" + load.AnyKey + "/" + load.SampleValue(opts.Value))),
	}
	file := filepath.Join(s.Dir, "webdis.json")
	config, err := json.Marshal(map[string]any{
		"redis_host": "127.0.0.1", "redis_port": redisPort, "http_host": "127.0.0.1", "http_port": port,
		"threads": 2, "pool_size": 20, // connections to Redis per thread
		"daemonize": false, "verbosity": 0, "logfile": filepath.Join(s.Dir, "webdis-own.log"),
	})
	if err = errors.Join(err, os.WriteFile(file, config, 0o600)); err != nil {
		return nil, t, err
	}
	p, err := s.StartPeer(ctx, ProcessOptions{Name: "webdis", Path: "webdis", Args: []string{file}}, t.Addr, "/PING")
	return p, t, err
}
