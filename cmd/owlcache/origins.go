package main

import (
	"context"
	"fmt"

	"owlcache/api"
	"owlcache/api/readthrough"
)

// openImporter starts what asks memcached and Redis for missing keys, if that is on. A
// server of theirs that is down keeps no node from starting.
func (s *server) openImporter(context.Context) error {
	if !s.config.on("Get_data_from_memcache") && !s.config.on("Get_data_from_redis") {
		return nil
	}
	o := s.config.originOptions()
	o.Logger = s.logs.Logger
	importer, err := readthrough.New(s.store, o)
	if err != nil {
		return fmt.Errorf("starting the import of missing keys: %w", err)
	}
	s.importer = importer
	s.api.SetImporter(apiImporter{importer})
	return nil
}

func (s *server) closeImporter() error {
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

// apiImporter is an readthrough.Importer as api wants it.
type apiImporter struct{ *readthrough.Importer }

func (i apiImporter) Status() []api.OriginStatus {
	known := i.Importer.Status()
	servers := make([]api.OriginStatus, len(known))
	for n, s := range known {
		servers[n] = api.OriginStatus(s)
	}
	return servers
}
