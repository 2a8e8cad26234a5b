package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// Options say how an owlcache node is started.
type Options struct {
	Program  string
	Dir      string   // data directory; beside it lies the log of the process
	Password string   //
	Settings []string // Name=value
	CPU      int      // the only one that it runs on, or cpu.Any
}

// Node is a running owlcache.
type Node struct {
	*Process
	Addr    string
	Token   string // of the log-in; empty before the node is ready
	started time.Time
	options Options
}

// Start starts a node and returns before it is ready.
func Start(o Options) (*Node, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--dir", o.Dir, "--host", "127.0.0.1", "--port", strconv.Itoa(port)}
	for _, setting := range o.Settings {
		args = append(args, "--set", setting)
	}
	started := time.Now()
	p, err := startProcess(ProcessOptions{
		Name: filepath.Base(o.Dir), Path: o.Program, Args: args, Dir: filepath.Dir(o.Dir), CPU: o.CPU, Go: true,
		Env: []string{"OWLCACHE_PASS=" + o.Password}, // not on the command line, which everybody may read
	})
	if err != nil {
		return nil, err
	}
	return &Node{Process: p, Addr: Loopback(port), started: started, options: o}, nil
}

// Address returns HOST:PORT.
func (n *Node) Address() string { return n.Addr }

// WaitReady waits until the node serves data. It returns how long the start
// took.
func (n *Node) WaitReady(ctx context.Context) (time.Duration, error) {
	err := n.Process.WaitReady(ctx, StartPatience, func() error { return load.AskOK(ctx, n.Addr, "/readyz") })
	return time.Since(n.started), err
}

// StartReady starts a node, waits until it serves data, and logs in.
func StartReady(ctx context.Context, o Options) (*Node, error) {
	n, err := Start(o)
	if err != nil {
		return nil, err
	}
	if _, err = n.WaitReady(ctx); err == nil {
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

// Target is the node under opts, over HTTP.
func (n *Node) Target(opts load.Options) load.Target { return load.HTTPTarget(n.Addr, n.Token, opts) }

// Fill sets all keys of a load.
func (n *Node) Fill(ctx context.Context, opts load.Options) error {
	t := n.Target(opts)
	return load.Preload(ctx, &t)
}

// NewPassword returns a password that nobody knows.
func NewPassword() string { return rand.Text() }

// WriteMembers writes a list of members, by address, into a data directory, which it
// makes if need be.
func WriteMembers(dir, file string, addrs []string) error {
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
	GroupFile  = "server_group_config.json"
	GossipFile = "server_group_gossip_config.json"
)
