package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// nodeOptions say how an owlcache node is started.
type nodeOptions struct {
	Program  string
	Dir      string   // data directory; beside it lies the log of the process
	Password string   //
	Settings []string // Name=value
	CPU      int      // the only one that it runs on, or noCPU
}

// node is a running owlcache.
type node struct {
	*process
	addr    string
	token   string // of the log-in; empty before the node is ready
	started time.Time
	options nodeOptions
}

// startNode starts a node and returns before it is ready.
func startNode(o nodeOptions) (*node, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--dir", o.Dir, "--host", "127.0.0.1", "--port", strconv.Itoa(port)}
	for _, setting := range o.Settings {
		args = append(args, "--set", setting)
	}
	started := time.Now()
	p, err := startProcess(processOptions{
		Name: filepath.Base(o.Dir), Path: o.Program, Args: args, Dir: filepath.Dir(o.Dir), CPU: o.CPU, Go: true,
		Env: []string{"OWLCACHE_PASS=" + o.Password}, // not on the command line, which everybody may read
	})
	if err != nil {
		return nil, err
	}
	return &node{process: p, addr: loopback(port), started: started, options: o}, nil
}

// address returns HOST:PORT.
func (n *node) address() string { return n.addr }

// waitReady waits until the node serves data. It returns how long the start
// took.
func (n *node) waitReady(ctx context.Context) (time.Duration, error) {
	err := n.process.waitReady(ctx, startPatience, func() error { return askOK(ctx, n.addr, "/readyz") })
	return time.Since(n.started), err
}

// startReadyNode starts a node, waits until it serves data, and logs in.
func startReadyNode(ctx context.Context, o nodeOptions) (*node, error) {
	n, err := startNode(o)
	if err != nil {
		return nil, err
	}
	if _, err = n.waitReady(ctx); err == nil {
		n.token, err = login(ctx, n.addr, o.Password)
	}
	if err != nil {
		n.kill()
		return nil, err
	}
	return n, nil
}

// startFilledNode starts a node and sets all keys of a load.
func startFilledNode(ctx context.Context, o nodeOptions, load loadOptions) (*node, error) {
	n, err := startReadyNode(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := n.fill(ctx, load); err != nil {
		n.kill()
		return nil, err
	}
	return n, nil
}

// target is the node under load, over HTTP.
func (n *node) target(load loadOptions) target { return owlcacheTarget(n.addr, n.token, load) }

// fill sets all keys of a load.
func (n *node) fill(ctx context.Context, load loadOptions) error {
	t := n.target(load)
	return preload(ctx, &t)
}

// newPassword returns a password that nobody knows.
func newPassword() string { return rand.Text() }

// writeMembers writes a list of members, by address, into a data directory, which it
// makes if need be.
func writeMembers(dir, file string, addrs []string) error {
	list := make([]map[string]string, 0, len(addrs))
	for _, addr := range addrs {
		list = append(list, map[string]string{"Address": addr})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, file), text, 0o600))
}

// The files in a data directory that list the members of the two kinds of groups.
const (
	groupFile  = "server_group_config.json"
	gossipFile = "server_group_gossip_config.json"
)
