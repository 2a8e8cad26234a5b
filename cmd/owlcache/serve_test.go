package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"owlcache/cmd/owlcache/internal/e2e"
	"strings"
	"syscall"
	"testing"
)

func TestRunWithoutAServer(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		code   int
		stdout string
	}{
		{[]string{"version"}, 0, "owlcache 0.6.0 ("},
		{[]string{"--help"}, 0, "Owlcache is a persistent key/value cache server"},
		{[]string{"get", "k", "--addr", "127.0.0.1:1"}, 6, ""},
		{[]string{"config", "check", "--config", "/does/not/exist"}, 2, ""},
	} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), tt.args, nil, strings.NewReader(""), &stdout, &stderr)
		if code != tt.code || !strings.HasPrefix(stdout.String(), tt.stdout) {
			t.Errorf("run(%q) = %d, %q, %q", tt.args, code, stdout.String(), stderr.String())
		}
	}
}

// TestReaderOfStderrGoesAway starts the program itself: in this process a broken
// pipe is another signal's.
func TestReaderOfStderrGoesAway(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Args = []string{"owlcache", "--port", "0", "--dir", dir, "--set", "AccessLog=1"}
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "GORACE=atexit_sleep_ms=0"), write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	addr := ""
	for lines := bufio.NewScanner(read); addr == "" && lines.Scan(); {
		addr = e2e.Address(lines.Text() + "\n")
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 { // each of which makes a line
		if status, _, err := e2e.Request(http.MethodGet, "http://"+addr+"/data/?cmd=ping", nil); err != nil || status != http.StatusOK {
			t.Errorf("%d, %v", status, err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}
