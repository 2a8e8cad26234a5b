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
	if !s.config.Import.Memcached.On && !s.config.Import.Redis.On {
		return nil
	}
	o := importOptions(s.config)
	o.Logger = s.logs.Logger
	importer, err := readthrough.New(s.store, o)
	if err != nil {
		return fmt.Errorf("starting the import of missing keys: %w", err)
	}
	s.importer = importer
	s.api.SetImporter(importer)
	return nil
}

// importOptions returns what the configuration says about the import of missing keys.
func importOptions(c *config.Config) readthrough.Options {
	o := readthrough.Options{MaxValueSize: c.Storage.MaxValueSize}
	if m := c.Import.Memcached; m.On {
		o.Memcached = m.MemcachedOptions
	}
	if r := c.Import.Redis; r.On {
		o.Redis = r.RedisOptions
	}
	return o
}
