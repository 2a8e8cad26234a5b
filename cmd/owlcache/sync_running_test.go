package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
)

// Three servers come to hold the same data; one that is told to stop says so to the
// others, and the probe for data sync follows.
func TestServersInSync(t *testing.T) {
	type running struct {
		addr, sync string
		stop       func()
	}
	const goodSyncKey = "owls-see-at-night"
	start := func(options ...string) running {
		stderr := &e2e.Buffer{}
		args := []string{"serve", "--port", "0", "--dir", t.TempDir(), "--set", "Pass=correct horse battery", "--set", "CloseTcp=0",
			"--set", "GroupDataSync=1", "--set", "GossipDataSyncAuthKey=" + goodSyncKey}
		for _, o := range options {
			args = append(args, "--set", o)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan int, 1)
		go func() { result <- run(ctx, args, nil, strings.NewReader(""), io.Discard, stderr) }()
		e2e.WaitFor(t, "the start", func() bool { return e2e.Address(stderr.String()) != "" })
		_, gossip, _ := strings.Cut(stderr.String(), "with the gossip group, at ")
		gossip, _, _ = strings.Cut(gossip, " ")
		stop := func() {
			cancel()
			if code := <-result; code != 0 {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(stderr.String(), goodSyncKey) {
				t.Error("the key is in the log")
			}
			result <- 0
		}
		t.Cleanup(stop)
		return running{e2e.Address(stderr.String()), gossip, stop}
	}
	a, b, c := start(), start("Gossip_Network=WAN"), start()
	ready := func(n running) bool {
		status, _, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/readyz?sync=1", nil)
		return err == nil && status == http.StatusOK
	}
	pass := passwordFile(t)
	owlcache := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := runProgram(t, append(args, "--password-file", pass)...)
		if code != 0 {
			t.Fatalf("%q: %d, %s", args, code, stderr)
		}
		return stdout
	}
	owlcache("set", "hello", "world", "--addr", c.addr)
	owlcache("group", "add", b.sync, "--type", "gossip", "--addr", a.addr)
	owlcache("group", "add", c.sync, "--type", "gossip", "--addr", a.addr)
	for _, n := range []running{a, b, c} {
		e2e.WaitFor(t, "a match", func() bool { return ready(n) })
	}
	e2e.WaitFor(t, "the value", func() bool {
		code, stdout, _ := runProgram(t, "get", "hello", "--addr", b.addr)
		return code == 0 && stdout == "world"
	})
	e2e.WaitFor(t, "equal nodes", func() bool {
		code, _, _ := runProgram(t, "cluster", "diff", b.addr, c.addr, "--password-file", pass)
		return code == 0
	})
	for _, want := range []string{b.sync + "  this node", a.sync + "  alive", c.sync + "  alive"} {
		e2e.WaitFor(t, want, func() bool { return strings.Contains(owlcache("cluster", "members", "--addr", b.addr), want) })
	}
	c.stop()
	e2e.WaitFor(t, "the farewell", func() bool {
		return strings.Contains(owlcache("cluster", "members", "--addr", b.addr), c.sync+"  left")
	})
}

// passwordFile has the password of these nodes.
func passwordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
