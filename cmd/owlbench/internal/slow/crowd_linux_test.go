package slow

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/node"
)

// TestSlowCrowd: clients say what they have to, and drip.
func TestSlowCrowd(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() //nolint:errcheck // nothing is lost with it
	kinds := []clientKind{{name: "mute"}, {name: "drip", first: "first", drip: "x"}}
	started := make(chan *crowd)
	go func() {
		c, err := startCrowd(t.Context(), kinds, 3, ln.Addr().String(), "", cpu.Any)
		if err != nil {
			t.Error(err)
		}
		started <- c
	}()
	var conns []net.Conn
	for range 3 {
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing is lost with it
		conns = append(conns, c)
	}
	crowd := <-started
	if crowd == nil {
		return
	}
	dripping := 0
	for _, c := range conns {
		if err := c.SetReadDeadline(time.Now().Add(2 * crowdDrip)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len("firstx"))
		switch n, err := io.ReadFull(c, got); {
		case err == nil && bytes.Equal(got, []byte("firstx")):
			dripping++
		case n > 0 || !os.IsTimeout(err):
			t.Errorf("%q, %v", got[:n], err)
		}
	}
	if dripping != 1 {
		t.Errorf("%d of 3 clients drip", dripping)
	}
	if err := crowd.end(); err != nil {
		t.Error(err)
	}
}

func TestSlowCrowdIsRefused(t *testing.T) {
	addr, _, err := node.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	if c, err := startCrowd(t.Context(), []clientKind{{name: "mute"}}, 3, addr, "", cpu.Any); err == nil {
		t.Errorf("connected to nobody: %v", c.end())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() //nolint:errcheck // nothing is lost with it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// Whichever comes first; with an error nothing is left open.
	if c, err := startCrowd(ctx, []clientKind{{name: "mute"}}, 3, ln.Addr().String(), "", cpu.Any); err == nil {
		if err := c.end(); err != nil {
			t.Error(err)
		}
	}
}
