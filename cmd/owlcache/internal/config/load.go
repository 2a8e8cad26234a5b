package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"owlcache/cmd/owlcache/internal/term"
)

// DefaultFile is read if it is there and no other file is named.
const DefaultFile = "owlcache.conf"

// Load reads the configuration file, the environment and the flags. The error holds all that is
// wrong, and ends the program with the exit code for wrong usage.
func Load(flags Flags, env []string) (*Config, error) {
	path, data, err := readFile(flags.File, LookupEnv(env, envConfig))
	if err != nil {
		return nil, term.Usage(err)
	}
	c, errs := resolve(parseFile(path, data), parseEnv(env), flags.assignments())
	c.File = path
	if len(errs) == 0 {
		errs = c.checkFiles()
	}
	if len(errs) > 0 {
		return nil, term.Usage(errors.Join(errs...))
	}
	return c, nil
}

// Parse reads a configuration file alone. The result is complete also where something is wrong.
func Parse(path string, data []byte) (*Config, []error) {
	c, errs := resolve(parseFile(path, data))
	c.File = path
	return c, errs
}

// readFile reads the file that the flag or else the environment names, or
// else the one in the working directory. The path is empty if there is none.
func readFile(flag, env string) (path string, data []byte, err error) {
	path, by := flag, "flag --config"
	if path == "" {
		path, by = env, "environment "+envConfig
	}
	if path == "" {
		path, by = DefaultFile, "configuration"
	}
	data, err = os.ReadFile(path)
	switch {
	case err == nil:
		return path, data, nil
	case flag == "" && env == "" && errors.Is(err, fs.ErrNotExist):
		return "", nil, nil
	}
	return "", nil, fmt.Errorf("%s: %w", by, err)
}

// checkFiles finds what is wrong with files that the configuration names.
func (c *Config) checkFiles() []error {
	_, passwordErr := c.Password()
	var keyErr error
	if c.Sync.On {
		_, keyErr = c.SyncKey()
	}
	return slices.DeleteFunc([]error{passwordErr, keyErr}, func(err error) bool { return err == nil })
}
