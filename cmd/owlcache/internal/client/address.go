package client

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// findAddress finds the address of the node: that of --addr, else of OWLCACHE_ADDR,
// else where the server of this configuration listens; own tells that it is this one.
func findAddress(flag string, flags config.Flags, env []string) (addr string, own bool, err error) {
	if flag != "" {
		return flag, false, nil
	}
	if addr := config.LookupEnv(env, config.EnvAddr); addr != "" {
		return addr, false, nil
	}
	c, err := config.Load(flags, env)
	if err != nil {
		return "", false, term.Usage(errors.Join(err, errors.New("the configuration says where the node is: correct it, or name the node with --addr")))
	}
	addr, err = nodeAddress(c)
	return addr, true, err
}

// nodeAddress returns where a client on this machine reaches the server.
func nodeAddress(c *config.Config) (string, error) {
	if c.Listen.HTTPPort == 0 {
		return "", term.Usage(fmt.Errorf("%s: Httpport 0 takes any free port: name the node with --addr", c.Setting(&c.Listen.HTTPPort).Origin))
	}
	host := c.Listen.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	addr := net.JoinHostPort(host, strconv.Itoa(c.Listen.HTTPPort))
	if c.HTTPS.On {
		addr = "https://" + addr
	}
	return addr, nil
}

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
	path := c.Path(datadir.SecretFile) // with the one that the server has made for itself
	s, err := datadir.ReadSecrets(path)
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
