package node

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// Options say how an owlcache node is started.
type Options struct {
	Program  string
	Dir      string // data directory; beside it lies the log of the process
	Password string
	Settings []string // Name=value
	CPU      int      // the only one that it runs on, or cpu.Any
	HTTPS    bool     // the settings make it speak HTTPS
	Addr     string   // HOST:PORT; empty takes a free port of the loopback address
	Within   []string // command that is given the program to start; empty starts it
}

// Node is a running owlcache.
type Node struct {
	*Process
	API
	Addr    string // HOST:PORT
	started time.Time
}

// Start starts a node and returns before it is ready.
func Start(o Options) (*Node, error) {
	var err error
	if o.Addr == "" {
		if o.Addr, _, err = FreeAddr(); err != nil {
			return nil, err
		}
	}
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, err
	}
	args := append(slices.Clone(o.Within), o.Program, "serve", "--dir", o.Dir, "--host", host, "--port", port)
	for _, setting := range o.Settings {
		args = append(args, "--set", setting)
	}
	started := time.Now()
	p, err := startProcess(ProcessOptions{
		Name: filepath.Base(o.Dir), Path: args[0], Args: args[1:], Dir: filepath.Dir(o.Dir), CPU: o.CPU, Go: true,
		Env: []string{"OWLCACHE_PASS=" + o.Password}, // not on the command line, which everybody may read
	})
	if err != nil {
		return nil, err
	}
	scheme := "http://"
	if o.HTTPS {
		scheme = "https://"
	}
	return &Node{Process: p, API: API{URL: scheme + o.Addr}, Addr: o.Addr, started: started}, nil
}

// Address returns HOST:PORT.
func (n *Node) Address() string { return n.Addr }

// WaitReady waits until the node serves data. It returns how long the start took.
func (n *Node) WaitReady(ctx context.Context) (time.Duration, error) {
	err := n.Process.WaitReady(ctx, StartPatience, func() error { return n.Ready(ctx) })
	return time.Since(n.started), err
}

// StartReady starts a node, waits until it serves data, and logs in, if that is not over HTTPS.
func StartReady(ctx context.Context, o Options) (*Node, error) {
	n, err := Start(o)
	if err != nil {
		return nil, err
	}
	if _, err = n.WaitReady(ctx); err == nil && !o.HTTPS {
		n.Token, err = load.Login(ctx, n.Addr, o.Password)
	}
	if err != nil {
		n.Kill()
		return nil, err
	}
	return n, nil
}

// StartFilled starts a node and sets all keys of a load.
func StartFilled(ctx context.Context, o Options, opts load.Options) (*Node, error) {
	n, err := StartReady(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := n.Fill(ctx, opts); err != nil {
		n.Kill()
		return nil, err
	}
	return n, nil
}

// Target is the node under load, over HTTP.
func (n *Node) Target(opts load.Options) load.Target { return load.HTTPTarget(n.Addr, n.Token, opts) }

// Fill sets all keys of a load.
func (n *Node) Fill(ctx context.Context, opts load.Options) error {
	t := n.Target(opts)
	return load.Preload(ctx, &t)
}
