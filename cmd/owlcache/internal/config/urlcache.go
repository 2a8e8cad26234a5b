package config

import (
	"errors"
	"path/filepath"

	"owlcache/api/urlcache"
	"owlcache/cmd/owlcache/internal/term"
)

// SitesPath returns the path of the file of sites.
func (c *Config) SitesPath() string {
	name := c.Text("Urlcache_Filename")
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(c.DataDir(), name)
}

// checkURLCache finds out whether the file of sites may be where the configuration says.
func (c *Config) checkURLCache() []error {
	s := c.Get("Urlcache_Filename")
	if filepath.IsAbs(s.Value) || filepath.IsLocal(s.Value) {
		return nil
	}
	return []error{mistakef(s.Origin, "Urlcache_Filename %s: want the name of a file in the data directory, or an absolute path", s.Option.Shown(s.Value))}
}

// urlCacheWarnings says what has no effect.
func (c *Config) urlCacheWarnings() []string {
	if s := c.Get("Urlcache_Request_Easy"); s.Num == 1 && !c.On("Open_Urlcache") {
		return []string{s.Origin + ": Urlcache_Request_Easy 1: without Open_Urlcache 1 it has no effect"}
	}
	return nil
}

// ReadSites reads the file of sites if the URL cache is on.
func (c *Config) ReadSites() (sites []urlcache.Site, warnings []error, err error) {
	if !c.On("Open_Urlcache") {
		return nil, nil, nil
	}
	sites, warnings, err = urlcache.ReadSites(c.SitesPath(), int(c.Int("MaxValueSize")))
	if err != nil {
		err = term.Usage(errors.Join(err, errors.New("correct the file (option Urlcache_Filename), or write Open_Urlcache 0")))
	}
	return sites, warnings, err
}
