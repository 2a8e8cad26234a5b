package upgrade

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"owlcache/api/urlcache"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// checkSites looks at the file of the URL cache. A mistake in it matters only if the URL
// cache is on.
func (u *inspection) checkSites() error {
	name, limit, level := datadir.SitesFile, engine.MaxValueSize, Note
	if u.conf != nil {
		c := u.conf
		name, limit = c.URLCache.File, c.Storage.MaxValueSize
		if c.URLCache.On {
			level = Change
		}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(u.report.Data.Directory, name)
	}
	content, err := datadir.ReadSmallFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && level == Change:
		u.mustChange(&u.conf.URLCache.On, fmt.Sprintf("the URL cache is on, and its file %s is not there", path), "Open_Urlcache 0, or make the file")
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	sites, warnings, err := urlcache.ParseSites(path, content, limit)
	u.addLines(level, err, "correct the file")
	u.addLines(Note, errors.Join(warnings...), "")
	u.report.Data.Sites = len(sites)
	return nil
}

// addLines adds a finding for each line of an error that names its places itself.
func (u *inspection) addLines(level string, err error, write string) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		u.add(Finding{Level: level, Text: strings.TrimRight(line, "\n"), Write: write})
	}
}
