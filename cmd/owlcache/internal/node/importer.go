package node

import (
	"context"
	"fmt"

	"owlcache/api/readthrough"
	"owlcache/cmd/owlcache/internal/config"
)

// openImporter starts what asks memcached and Redis for missing keys, if that is on. A
// server of theirs that is down keeps no node from starting.
func (s *Server) openImporter(context.Context) error {
	if !s.config.On("Get_data_from_memcache") && !s.config.On("Get_data_from_redis") {
		return nil
	}
	o := originOptions(&s.config)
	o.Logger = s.logs.Logger
	importer, err := readthrough.New(s.store, o)
	if err != nil {
		return fmt.Errorf("starting the import of missing keys: %w", err)
	}
	s.importer = importer
	s.api.SetImporter(importer)
	return nil
}

func (s *Server) closeImporter() error {
	if s.importer == nil {
		return nil
	}
	err := s.importer.Close()
	s.importer = nil
	if err != nil {
		return fmt.Errorf("closing connections to memcached or Redis: %w", err)
	}
	return nil
}

// originOptions returns what the configuration says about the import of missing keys.
func originOptions(c *config.Config) readthrough.Options {
	o := readthrough.Options{MaxValueSize: int(c.Int("MaxValueSize"))}
	if c.On("Get_data_from_memcache") {
		o.Memcached = readthrough.MemcachedOptions{
			Servers: config.SplitServers(c.Text("Memcache_list")),
			SourceOptions: readthrough.SourceOptions{
				Lifetime:    c.Duration("Get_memcache_data_set_expire_time"),
				MaxFailures: int(c.Int("MemcacheClient_Request_Max_Error_Number")),
				Pause:       c.Duration("MemcacheClient_Request_Timeout_Sleeptime"),
			},
		}
	}
	if c.On("Get_data_from_redis") {
		o.Redis = readthrough.RedisOptions{
			Addr:     c.Text("Redis_Addr"),
			Password: c.Text("Redis_Password"),
			DB:       int(c.Int("Redis_DB")),
			SourceOptions: readthrough.SourceOptions{
				Lifetime:    c.Duration("Get_redis_data_set_expire_time"),
				MaxFailures: int(c.Int("RedisClient_Request_Max_Error_Number")),
				Pause:       c.Duration("RedisClient_Request_Timeout_Sleeptime"),
			},
		}
	}
	return o
}
