package node

import (
	"context"
	"log/slog"
	"strings"

	"owlcache/api/urlcache"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/term"
)

// openURLCache makes the URL cache, if it is on. A mistake in its file is one of the
// configuration.
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

func (s *Server) urlCacheLog() *slog.Logger { return s.logs.With(logs.Concern, "urlcache") }

// reloadSites reads the file of sites again, if it is used. With a mistake in it, the sites stay as
// they were.
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
