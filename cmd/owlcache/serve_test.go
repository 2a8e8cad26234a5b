package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// output that a test may read while a server writes it.
type safeBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuilder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// testServer returns a server on a free port and what it tells the operator.
func testServer(t *testing.T, dir string) (*server, *safeBuilder) {
	t.Helper()
	c, errs := config.Parse("f", []byte("Httpport 0\nDBfile "+dir))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	stderr := &safeBuilder{}
	l, err := openLogs(&c, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	return newServer(c, l, stderr), stderr
}

// waitFor polls a condition.
func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// address finds the address in the start-up lines.
func address(stderr string) string {
	_, rest, _ := strings.Cut(stderr, "serves http://")
	addr, _, _ := strings.Cut(rest, "\n")
	return addr
}

// A server that takes its time to stop does so after the first signal; the
// second one does not wait for it.
func TestSignals(t *testing.T) {
	l, err := openLogs(logConfig(t, ""), nil, &safeBuilder{})
	if err != nil {
		t.Fatal(err)
	}
	for _, signals := range [][]os.Signal{{syscall.SIGTERM}, {syscall.SIGHUP, syscall.SIGINT}, {syscall.SIGTERM, syscall.SIGINT}, {syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTERM}} {
		sent := make(chan os.Signal, len(signals))
		release, ended := make(chan struct{}), make(chan struct{})
		server := func(ctx context.Context) error {
			defer close(ended)
			<-ctx.Done()
			<-release
			return nil
		}
		result := make(chan error, 1)
		var reloads atomic.Int32
		go func() { result <- supervise(t.Context(), server, func() { reloads.Add(1) }, l, sent) }()
		stops := 0
		for _, sig := range signals {
			sent <- sig
			if sig != syscall.SIGHUP {
				stops++
			}
		}
		if stops > 1 {
			var exit *term.ExitError
			if err := <-result; !errors.As(err, &exit) || exit.Code != term.CodeInterrupted {
				t.Errorf("%v: %v", signals, err)
			}
			close(release)
		} else {
			close(release)
			if err := <-result; err != nil {
				t.Errorf("%v: %v", signals, err)
			}
		}
		<-ended
		if got := len(signals) - stops; int(reloads.Load()) != got {
			t.Errorf("%v: %d reloads", signals, got)
		}
	}
}

func TestCloseAfterAFailedStart(t *testing.T) {
	dir := t.TempDir()
	first, stderr := testServer(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- first.Run(ctx) }()
	waitFor(t, "the start", func() bool { return address(stderr.String()) != "" })

	second, _ := testServer(t, dir)
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second server on the directory: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	cancel()
	if err := <-result; err != nil {
		t.Errorf("Run: %v", err)
	}
	if entries, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal")); err != nil || len(entries) == 0 {
		t.Errorf("log segments: %q, %v", entries, err)
	}
}

// A server that is told to stop before it has started is no failure.
func TestStopWhileStarting(t *testing.T) {
	srv, _ := testServer(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
}

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
		addr = address(lines.Text() + "\n")
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 { // each of which makes a line
		if status, _, err := request(http.MethodGet, "http://"+addr+"/data/?cmd=ping", nil); err != nil || status != http.StatusOK {
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
