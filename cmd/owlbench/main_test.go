package main

import (
	"bytes"
	"strings"
	"testing"

	"owlcache/cmd/owlbench/internal/report"
)

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
		{"", report.ExitUsage, "owlbench http"},
		{"http --op swap", report.ExitUsage, "want get, set or mixed"},
		{"http --conns -1 --value 99999", report.ExitUsage, "--conns: want 1 to 10000\nowlbench: --value"},
		{"http --no-preload", report.ExitUsage, "--no-preload needs --addr"},
		{"http extra", report.ExitUsage, "unknown command"},
		{"http -o xml", report.ExitUsage, "want text or json"},
		{"compare --only get,fly", report.ExitUsage, `no part "fly"`},
		{"crash --rounds -3", report.ExitUsage, "positive"},
		{"crash --owlcache ./no-such-program", report.ExitFailed, "no-such-program"},
		{"fly", report.ExitUsage, "fly"},
		{"slow --clients 0", report.ExitUsage, "--clients"},
		{"slow --clients 20001", report.ExitUsage, "--clients"},
		{"slow --limit 100ms", report.ExitUsage, "--limit"},
		{"slow --limit 1500ms", report.ExitUsage, "--limit"},
		{"slow --only fly", report.ExitUsage, "there is no"},
		{"slow --rounds -1", report.ExitUsage, "--rounds"},
		{"slow extra", report.ExitUsage, "unknown command"},
		{"sync --keys 999", report.ExitUsage, "--keys"},
		{"sync --queue 0", report.ExitUsage, "--queue"},
		{"sync --only fly", report.ExitUsage, "there is no"},
		{"sync --rounds -1", report.ExitUsage, "--rounds"},
		{"sync extra", report.ExitUsage, "unknown command"},
		{"group --keys 50001", report.ExitUsage, "--keys"},
		{"group --rounds -1", report.ExitUsage, "--rounds"},
		{"group extra", report.ExitUsage, "unknown command"},
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
	if code != report.ExitOK || !strings.Contains(stdout, "compare") || strings.Contains(stdout, "bare") {
		t.Errorf("exit code %d, help %q", code, stdout)
	}
}
