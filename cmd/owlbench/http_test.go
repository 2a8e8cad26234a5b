package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHTTPCommand(t *testing.T) {
	server := newFakeServer(t)
	n := server.mustStart(t)
	defer n.kill()
	password := server.passwordFile(t)
	for _, op := range []string{"get", "set", "mixed"} {
		t.Run(op, func(t *testing.T) {
			code, stdout, stderr := runProgram(t, "http", "--addr", n.address(), "--password-file", password,
				"--keys", "300", "--conns", "3", "--seconds", "0.05", "--rounds", "2", "--op", op, "-o", "json")
			if code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			var report httpReport
			if err := json.Unmarshal([]byte(stdout), &report); err != nil {
				t.Fatal(err)
			}
			if report.Op != op || len(report.Rates) != 2 || report.Rate <= 0 || report.P50 <= 0 || report.P50 > report.P999 || report.P999 > report.Max {
				t.Errorf("report %+v", report)
			}
		})
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.visible) != 300 {
		t.Errorf("%d keys were set, want 300", len(server.visible))
	}
}

func TestHTTPCommandTable(t *testing.T) {
	server := newFakeServer(t)
	n := server.mustStart(t)
	defer n.kill()
	code, stdout, stderr := runProgram(t, "http", "--addr", n.address(), "--password-file", server.passwordFile(t),
		"--keys", "10", "--conns", "1", "--seconds", "0.01", "--rounds", "1")
	if code != exitOK || !strings.Contains(stdout, "p99.9") || strings.Count(stdout, "\n") != 2 {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestHTTPCommandLogin(t *testing.T) {
	server := newFakeServer(t)
	n := server.mustStart(t)
	defer n.kill()
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file string
		code       int
		want       string
	}{
		{"no password", "", exitUsage, "--password-file"},
		{"no file", wrong + "-not", exitFailed, "no such file"},
		{"wrong password", wrong, exitFailed, "is the password right?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := runProgram(t, "http", "--addr", n.address(), "--password-file", tt.file)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, stderr %q; want %d, %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
