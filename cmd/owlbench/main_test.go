package main

import (
	"bytes"
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
	code = run(t.Context(), args, &out, &errs)
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
		{"slow --clients 0", exitUsage, "--clients"},
		{"slow --clients 20001", exitUsage, "--clients"},
		{"slow --limit 100ms", exitUsage, "--limit"},
		{"slow --limit 1500ms", exitUsage, "--limit"},
		{"slow --only fly", exitUsage, "there is no"},
		{"slow --rounds -1", exitUsage, "--rounds"},
		{"slow extra", exitUsage, "unknown command"},
		{"sync --keys 999", exitUsage, "--keys"},
		{"sync --queue 0", exitUsage, "--queue"},
		{"sync --only fly", exitUsage, "there is no"},
		{"sync --rounds -1", exitUsage, "--rounds"},
		{"sync extra", exitUsage, "unknown command"},
		{"group --keys 50001", exitUsage, "--keys"},
		{"group --rounds -1", exitUsage, "--rounds"},
		{"group extra", exitUsage, "unknown command"},
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
