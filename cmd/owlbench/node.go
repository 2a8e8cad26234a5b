package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// How long a server may take to become ready, and to end when asked.
const (
	startPatience = 2 * time.Minute
	stopPatience  = 30 * time.Second
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
	started time.Time
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
	// Not on the command line, which everybody may read.
	env := []string{"OWLCACHE_PASS=" + o.Password}
	if o.CPU != noCPU {
		env = append(env, "GOMAXPROCS=1")
	}
	started := time.Now()
	p, err := startProcess(processOptions{
		Name: filepath.Base(o.Dir), Path: o.Program, Args: args, Env: env, Dir: filepath.Dir(o.Dir), CPU: o.CPU,
	})
	if err != nil {
		return nil, err
	}
	return &node{process: p, addr: loopback(port), started: started}, nil
}

// waitReady waits until the node serves data. It returns how long the start
// took.
func (n *node) waitReady(ctx context.Context) (time.Duration, error) {
	err := n.process.waitReady(ctx, startPatience, func() error { return askReady(ctx, n.addr) })
	return time.Since(n.started), err
}

// startReadyNode starts a node and waits until it serves data.
func startReadyNode(ctx context.Context, o nodeOptions) (*node, error) {
	n, err := startNode(o)
	if err != nil {
		return nil, err
	}
	if _, err := n.waitReady(ctx); err != nil {
		n.kill()
		return nil, err
	}
	return n, nil
}

// newPassword returns a password that nobody knows.
func newPassword() string { return rand.Text() }

// scratch makes a temporary directory in parent, or in the system's place for
// them, and returns it with what removes it.
func scratch(parent string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(parent, "owlbench-")
	// What cannot be removed is in the place for what may be removed.
	return dir, func() { _ = os.RemoveAll(dir) }, err
}
