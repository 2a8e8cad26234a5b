package config

import (
	"errors"

	"owlcache/api/urlcache"
	"owlcache/cmd/owlcache/internal/term"
)

// URLCache is the cache of what other servers answer.
type URLCache struct {
	On   bool
	File string // of sites, see Config.Path
	Easy bool   // it answers on any free path
}

func (u *URLCache) options() []Option {
	return []Option{
		{Name: "Open_Urlcache", Default: "0", kind: toggle(&u.On), Help: "1 switches the URL cache on"},
		{Name: "Urlcache_Filename", Default: "sites.xml", kind: text(&u.File), Help: "file of the sites of the URL cache: a name in the data directory, or an absolute path"},
		{Name: "Urlcache_Request_Easy", Default: "0", kind: toggle(&u.Easy), Help: "1 serves the URL cache on any free path"},
	}
}

// SitesPath returns the path of the file of sites.
func (c *Config) SitesPath() string { return c.Path(c.URLCache.File) }

// ReadSites reads the file of sites if the URL cache is on.
func (c *Config) ReadSites() (sites []urlcache.Site, warnings []error, err error) {
	if !c.URLCache.On {
		return nil, nil, nil
	}
	sites, warnings, err = urlcache.ReadSites(c.SitesPath(), c.Storage.MaxValueSize)
	if err != nil {
		err = term.Usage(errors.Join(err, errors.New("correct the file (option Urlcache_Filename), or write Open_Urlcache 0")))
	}
	return sites, warnings, err
}
