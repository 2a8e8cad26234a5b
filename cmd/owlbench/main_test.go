package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// Started by the package and never ended.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		// Sleeps ten seconds before it sees that its server is gone.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// runProgram runs the program as a shell would.
func runProgram(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, nil, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	tests := []struct {
		args string
		code int
		want string // on the standard error
	}{
		{"", exitUsage, "owlbench http"},
		{"http --op swap", exitUsage, "want get, set or mixed"},
		{"http --conns -1 --value 99999", exitUsage, "--conns: want 1 to 10000\nowlbench: --value"},
		{"http --no-preload", exitUsage, "--no-preload needs --addr"},
		{"http extra", exitUsage, "unknown command"},
		{"http -o xml", exitUsage, "want text or json"},
		{"compare --only get,fly", exitUsage, `no part "fly"`},
		{"crash --rounds -3", exitUsage, "positive"},
		{"crash --owlcache ./no-such-program", exitFailed, "no-such-program"},
		{"fly", exitUsage, "fly"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			code, stdout, stderr := runProgram(t, strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q in it", code, tt.code, stderr, tt.want)
			}
			if stdout != "" {
				t.Errorf("stdout %q, want none", stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	code, stdout, _ := runProgram(t, "--help")
	if code != exitOK || !strings.Contains(stdout, "compare") || strings.Contains(stdout, "bare") {
		t.Errorf("exit code %d, help %q", code, stdout)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fake := newFakeServer(t)
	n := fake.mustStart(t)
	defer n.kill()
	var stderr bytes.Buffer
	code := run(ctx, []string{"http", "--addr", n.address(), "--password-file", fake.passwordFile(t)}, nil, nil, io.Discard, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "canceled") {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
}
