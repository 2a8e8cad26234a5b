package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/term"
)

// parsed returns the configuration of a file.
func parsed(t *testing.T, file string) *config.Config {
	t.Helper()
	c, errs := config.Parse("f", []byte(file))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

// testServer returns a server on a free port and what it tells the operator.
func testServer(t *testing.T, dir string) (*Server, *e2e.Buffer) {
	t.Helper()
	c, errs := config.Parse("f", []byte("Httpport 0\nDBfile "+dir))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	stderr := &e2e.Buffer{}
	l, err := logs.Open(c, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	return New(c, l, stderr), stderr
}

// A server that takes its time to stop does so after the first signal; the
// second one does not wait for it.
func TestSignals(t *testing.T) {
	l, err := logs.Open(parsed(t, ""), nil, &e2e.Buffer{})
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
	e2e.WaitFor(t, "the start", func() bool { return e2e.Address(stderr.String()) != "" })

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
