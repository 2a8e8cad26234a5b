package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"

	"owlcache/api/urlcache"
	"owlcache/cmd/owlcache/internal/term"
)

// sitesPath returns the path of the file of sites.
func (c *config) sitesPath() string {
	name := c.text("Urlcache_Filename")
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(c.dataDir(), name)
}

// checkURLCache finds out whether the file of sites may be where the configuration says.
func (c *config) checkURLCache() []error {
	s := c.get("Urlcache_Filename")
	if filepath.IsAbs(s.value) || filepath.IsLocal(s.value) {
		return nil
	}
	return []error{mistakef(s.origin, "Urlcache_Filename %s: want the name of a file in the data directory, or an absolute path", s.option.shown(s.value))}
}

// urlCacheWarnings says what has no effect.
func (c *config) urlCacheWarnings() []string {
	if s := c.get("Urlcache_Request_Easy"); s.num == 1 && !c.on("Open_Urlcache") {
		return []string{s.origin + ": Urlcache_Request_Easy 1: without Open_Urlcache 1 it has no effect"}
	}
	return nil
}

// readSites reads the file of sites if the URL cache is on.
func (c *config) readSites() (sites []urlcache.Site, warnings []error, err error) {
	if !c.on("Open_Urlcache") {
		return nil, nil, nil
	}
	sites, warnings, err = urlcache.ReadSites(c.sitesPath(), int(c.int("MaxValueSize")))
	if err != nil {
		err = term.Usage(errors.Join(err, errors.New("correct the file (option Urlcache_Filename), or write Open_Urlcache 0")))
	}
	return sites, warnings, err
}

// openURLCache makes the URL cache, if it is on. A mistake in its file is one of the
// configuration.
func (s *server) openURLCache(context.Context) error {
	sites, warnings, err := s.config.readSites()
	if err != nil || sites == nil {
		return err
	}
	s.warnOfSites(warnings)
	o := s.config.urlCacheOptions()
	if o.TLS.RootCAs, err = s.config.memberRoots(); err != nil {
		return err
	}
	o.Sites, o.Logger = sites, s.urlCacheLog()
	s.urlcache, err = urlcache.New(o)
	return err
}

func (s *server) urlCacheLog() *slog.Logger { return s.logs.With(concernAttr, "urlcache") }

// urlCacheOptions returns what the configuration says about the URL cache. Sites, trusted
// certificates and logger are for the caller to add.
func (c *config) urlCacheOptions() urlcache.Options {
	return urlcache.Options{
		MaxValueSize: int(c.int("MaxValueSize")),
		MaxMemory:    c.int("Http_MaxBodyMemory"),
		UserAgent:    "owlcache/" + term.Version,
		TLS:          &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.on("HttpsClient_InsecureSkipVerify")},
	}
}

// reloadSites reads the file of sites again, if it is used. With a mistake in it, the sites stay as
// they were.
func (s *server) reloadSites() {
	if s.urlcache == nil {
		return
	}
	sites, warnings, err := urlcache.ReadSites(s.config.sitesPath(), int(s.config.int("MaxValueSize")))
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			s.urlCacheLog().Error("the file of sites is not taken over: the sites stay as they were", "error", strings.TrimSpace(line))
		}
		return
	}
	s.warnOfSites(warnings)
	s.urlcache.Reload(sites)
	s.urlCacheLog().Info("sites of the URL cache read again", "file", s.config.sitesPath(), "sites", len(sites))
}

func (s *server) warnOfSites(warnings []error) {
	for _, w := range warnings {
		s.urlCacheLog().Warn(w.Error())
	}
}

// closeURLCache ends the requests to origins.
func (s *server) closeURLCache() error {
	if s.urlcache != nil {
		s.urlcache.Close() // it stays, closed: who reloads may look at it
	}
	return nil
}
