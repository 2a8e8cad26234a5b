package upgrade

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// oldConfig is a configuration file of 0.5.1.
type oldConfig struct {
	*config.Config
	path     string
	home     string // directory that it lies in, where 0.5.1 was started
	content  []byte
	mistakes []error
}

// find finds the configuration and the data directory: path is the one or the other.
func (u *inspection) find(path string) error {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return term.Exit(term.CodeNotFound, fmt.Errorf("%s does not exist: name the configuration file or the data directory of the old node", path))
	case err != nil:
		return err
	case fi.IsDir():
		u.report.Data.Directory = path
		return u.findConfig(path)
	}
	if name := filepath.Base(path); name == datadir.SnapshotFile || name == datadir.LegacyAuthFile {
		return term.Usage(fmt.Errorf("%s is a file of data: name its directory", path))
	}
	if u.conf, err = readConfig(path); err != nil {
		return err
	}
	u.report.Config, u.report.Data.Directory = path, u.conf.dataDir()
	return nil
}

// findConfig looks for a configuration that names the directory dir.
func (u *inspection) findConfig(dir string) error {
	for _, home := range []string{dir, filepath.Join(dir, "..")} {
		path := filepath.Join(home, config.DefaultFile)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		conf, err := readConfig(path)
		if err != nil {
			return err
		}
		if sameFile(conf.dataDir(), dir) {
			u.conf, u.report.Config = conf, path
			return nil
		}
	}
	u.say("no configuration that names this directory was found: to have it checked, name it instead of the directory")
	return nil
}

func sameFile(a, b string) bool {
	fa, errA := os.Stat(a)
	fb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}

func readConfig(path string) (*oldConfig, error) {
	content, err := datadir.ReadSmallFile(path)
	if errors.Is(err, datadir.ErrNotRegular) || err == nil && bytes.IndexByte(content, 0) >= 0 {
		return nil, term.Usage(fmt.Errorf("%s is no configuration file", path))
	}
	if err != nil {
		return nil, err
	}
	c, mistakes := config.Parse(path, content)
	return &oldConfig{Config: c, path: path, home: filepath.Dir(path), content: content, mistakes: mistakes}, nil
}

// given tells whether the file gives a field a value, right or wrong.
func (c *oldConfig) given(field any) bool { return c.Setting(field).Given != "" }

// place is where the file gives a field its value, or else the file.
func (c *oldConfig) place(field any) string { return cmp.Or(c.Setting(field).Given, c.path) }

// dataDir returns the directory that DBfile names. 0.5.1 reads the configuration from the
// directory that it is started in: what is relative counts from there. Where DBfile says
// nothing, that directory itself has the data of 0.5.1.
func (c *oldConfig) dataDir() string {
	if !c.given(&c.Storage.Dir) {
		if _, err := os.Stat(filepath.Join(c.home, datadir.SnapshotFile)); err == nil {
			return c.home
		}
	}
	return c.resolve(c.Storage.Dir)
}

// resolve returns the path of a file that the configuration names.
func (c *oldConfig) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.home, path)
}
