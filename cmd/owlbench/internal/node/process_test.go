//go:build unix

package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
)

func startShell(t *testing.T, script string) *Process {
	t.Helper()
	t.Setenv("OWLCACHE_HOST", "0.0.0.0")
	p, err := startProcess(ProcessOptions{Name: "shell", Path: "/bin/sh", Args: []string{"-c", script},
		Env: []string{"GREETING=hello"}, Dir: t.TempDir(), CPU: cpu.Choose().Server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestProcessTerminate(t *testing.T) {
	tests := []struct {
		name, script string
		patience     time.Duration
		want         string // in the error; empty = none
	}{
		{"in order", `trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done`, time.Minute, ""},
		{"with an error", `trap 'echo sorry; exit 3' TERM; echo ready; while :; do sleep 0.01; done`, time.Minute, "exit status 3\nready\nsorry"},
		{"not at all", `trap '' TERM; echo ready; while :; do sleep 0.01; done`, 50 * time.Millisecond, "did not end within 50ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := startShell(t, tt.script)
			if err := p.WaitReady(t.Context(), time.Minute, hasPrinted(p, "ready")); err != nil {
				t.Fatal(err)
			}
			err := p.terminate(tt.patience)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// hasPrinted returns nil once a process has printed text.
func hasPrinted(p *Process, text string) func() error {
	return func() error {
		if !strings.Contains(p.tail(), text) {
			return errors.New("has not printed " + text)
		}
		return nil
	}
}

func TestProcessEndsAtStart(t *testing.T) {
	p := startShell(t, `echo "cannot, $GREETING, ${OWLCACHE_HOST-unset}"; exit 5`)
	err := p.WaitReady(t.Context(), time.Minute, func() error { return errors.New("not yet") })
	if err == nil || !strings.Contains(err.Error(), "exit status 5") || !strings.Contains(err.Error(), "cannot, hello, unset") {
		t.Errorf("error %v", err)
	}
}

func TestProcessNeverReady(t *testing.T) {
	p := startShell(t, `exec sleep 600`)
	notYet := func() error { return errors.New("not yet") }
	if err := p.WaitReady(t.Context(), 20*time.Millisecond, notYet); err == nil || !strings.Contains(err.Error(), "not ready after 20ms: not yet") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.WaitReady(ctx, time.Minute, notYet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestProcessMissing(t *testing.T) {
	_, err := startProcess(ProcessOptions{Name: "x", Path: "/no/such/program", Dir: t.TempDir(), CPU: cpu.Any})
	if err == nil || !strings.Contains(err.Error(), "start x") {
		t.Errorf("error %v", err)
	}
}
