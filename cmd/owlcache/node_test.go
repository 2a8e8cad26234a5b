package main

import (
	"net"
	"owlcache/cmd/owlcache/internal/e2e"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lineNode is a process that serves HTTP and the line protocol.
type lineNode struct {
	*groupNode
	tcp string // address of the line protocol
}

// newLineNode returns a node with these settings, Name=value, which is not yet started.
func newLineNode(t *testing.T, settings ...string) *lineNode {
	t.Helper()
	addrs := freeAddresses(t, 2)
	n := &groupNode{t: t, addr: addrs[0], dir: filepath.Join(t.TempDir(), "data"), log: &e2e.Buffer{}}
	n.args = []string{"serve", "--dir", n.dir, "--port", portOf(t, addrs[0]), "--set", "Tcpport=" + portOf(t, addrs[1])}
	for _, setting := range settings {
		n.args = append(n.args, "--set", setting)
	}
	return &lineNode{groupNode: n, tcp: addrs[1]}
}

// startLineNode starts a node and waits until it is ready.
func startLineNode(t *testing.T, settings ...string) *lineNode {
	t.Helper()
	n := newLineNode(t, settings...)
	n.start()
	t.Cleanup(n.stop)
	n.waitReady()
	return n
}

// forgetTCPPort leaves the port of the line protocol at its default.
func (n *lineNode) forgetTCPPort() {
	at := slices.IndexFunc(n.args, func(arg string) bool { return strings.HasPrefix(arg, "Tcpport=") })
	n.args = slices.Delete(n.args, at-1, at+1) // with the --set before it
}

// portOf returns the port of an address.
func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
