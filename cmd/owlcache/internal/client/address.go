package client

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
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
