package node

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"owlcache/api/readthrough"
	"owlcache/api/urlcache"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
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

// openURLCache makes the URL cache, if it is on. A mistake in its file is one of the configuration.
func (s *Server) openURLCache(context.Context) error {
	sites, warnings, err := s.config.ReadSites()
	if err != nil || sites == nil {
		return err
	}
	s.warnOfSites(warnings)
	tls, err := s.config.HTTPS.ClientTLS()
	if err != nil {
		return err
	}
	s.urlcache, err = urlcache.New(urlcache.Options{
		MaxValueSize: s.config.Storage.MaxValueSize,
		MaxMemory:    s.config.Limits.BodyMemory,
		UserAgent:    "owlcache/" + term.Version,
		TLS:          tls,
		Sites:        sites,
		Logger:       s.urlCacheLog(),
	})
	return err
}

func (s *Server) urlCacheLog() *slog.Logger { return s.logs.About("urlcache") }

// reloadSites reads the file of sites again, if it is used. With a mistake in it nothing changes.
func (s *Server) reloadSites() {
	if s.urlcache == nil {
		return
	}
	sites, warnings, err := urlcache.ReadSites(s.config.SitesPath(), s.config.Storage.MaxValueSize)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			s.urlCacheLog().Error("the file of sites is not taken over: the sites stay as they were", "error", strings.TrimSpace(line))
		}
		return
	}
	s.warnOfSites(warnings)
	s.urlcache.Reload(sites)
	s.urlCacheLog().Info("sites of the URL cache read again", "file", s.config.SitesPath(), "sites", len(sites))
}

func (s *Server) warnOfSites(warnings []error) {
	for _, w := range warnings {
		s.urlCacheLog().Warn(w.Error())
	}
}

// closeURLCache ends the requests to origins.
func (s *Server) closeURLCache() error {
	if s.urlcache != nil {
		s.urlcache.Close() // it stays, closed: who reloads may look at it
	}
	return nil
}
