package client

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// findPassword finds the password for a node: in the file of --password-file,
// else in OWLCACHE_PASS, else, for a node on this machine, where the
// configuration and the data directory of the server keep it.
func findPassword(file string, local bool, flags config.Flags, env []string) (string, error) {
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", term.Usage(fmt.Errorf("flag --password-file: %w", err))
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	}
	if password := config.LookupEnv(env, "OWLCACHE_PASS"); password != "" {
		return password, nil
	}
	if !local {
		return "", noPassword(errors.New("the node is not on this machine"))
	}
	c, err := config.Load(flags, env)
	if err != nil {
		return "", err
	}
	password, err := c.Password()
	if err != nil || password != "" {
		return password, err
	}
	return storedPassword(c.Path(datadir.SecretFile))
}

// storedPassword reads the password that a server has made for itself.
func storedPassword(path string) (string, error) {
	s, err := config.ReadSecretFile(path)
	if err != nil {
		return "", noPassword(err)
	}
	if s.Password == "" {
		return "", noPassword(fmt.Errorf("there is none in %s", path))
	}
	return s.Password, nil
}

func noPassword(err error) error {
	return term.Exit(term.CodeDenied, fmt.Errorf("no password (%w): name a file with --password-file, or set OWLCACHE_PASS", err))
}
