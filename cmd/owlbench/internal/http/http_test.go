package http

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"owlcache/cmd/owlbench/internal/report"
)

const testPassword = "a password for tests"

// testNode knows the commands that a load uses.
type testNode struct {
	addr   string
	values sync.Map
}

func startTestNode(t *testing.T) *testNode {
	t.Helper()
	n := &testNode{}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	n.addr = server.Listener.Addr().String()
	return n
}

func (n *testNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.FormValue("key")
	switch cmd := r.FormValue("cmd"); {
	case cmd == "pass" && r.FormValue("pass") == testPassword:
		_, _ = fmt.Fprintf(w, `{"Data":%q}`, base64.StdEncoding.EncodeToString([]byte("token")))
	case cmd == "set" && r.FormValue("token") == "token":
		n.values.Store(key, r.FormValue("valuedata"))
	case cmd == "get":
		if value, ok := n.values.Load(key); ok {
			_, _ = io.WriteString(w, value.(string))
			return
		}
		w.WriteHeader(http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (n *testNode) keys() (count int) {
	n.values.Range(func(any, any) bool { count++; return true })
	return count
}

// passwordFile returns a file with a password.
func passwordFile(t *testing.T, password string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// command runs owlbench http with arguments.
func command(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := Command(&report.Printer{Stdout: &out, Stderr: &errs})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(ctx)
	return out.String(), errs.String(), err
}

func TestHTTPCommand(t *testing.T) {
	n := startTestNode(t)
	password := passwordFile(t, testPassword+"\n")
	for _, op := range []string{"get", "set", "mixed"} {
		t.Run(op, func(t *testing.T) {
			stdout, stderr, err := command(t.Context(), "--addr", n.addr, "--password-file", password,
				"--keys", "300", "--conns", "3", "--seconds", "0.05", "--rounds", "2", "--op", op, "-o", "json")
			if err != nil {
				t.Fatalf("%v: %s", err, stderr)
			}
			var report figures
			if err := json.Unmarshal([]byte(stdout), &report); err != nil {
				t.Fatal(err)
			}
			if report.Op != op || len(report.Rates) != 2 || report.Rate <= 0 || report.P50 <= 0 || report.P50 > report.P999 || report.P999 > report.Max {
				t.Errorf("report %+v", report)
			}
		})
	}
	if count := n.keys(); count != 300 {
		t.Errorf("%d keys were set, want 300", count)
	}
}

func TestHTTPCommandTable(t *testing.T) {
	n := startTestNode(t)
	stdout, stderr, err := command(t.Context(), "--addr", n.addr, "--password-file", passwordFile(t, testPassword),
		"--keys", "10", "--conns", "1", "--seconds", "0.01", "--rounds", "1")
	if err != nil || !strings.Contains(stdout, "p99.9") || strings.Count(stdout, "\n") != 2 {
		t.Errorf("error %v, stdout %q, stderr %q", err, stdout, stderr)
	}
}

func TestHTTPCommandLogin(t *testing.T) {
	n := startTestNode(t)
	wrong := passwordFile(t, "wrong")
	tests := []struct {
		name, file string
		usage      bool
		want       string
	}{
		{"no password", "", true, "--password-file"},
		{"no file", wrong + "-not", false, "no such file"},
		{"wrong password", wrong, false, "is the password right?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := command(t.Context(), "--addr", n.addr, "--password-file", tt.file)
			var usage *report.UsageError
			if err == nil || errors.As(err, &usage) != tt.usage || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := startTestNode(t)
	_, _, err := command(ctx, "--addr", n.addr, "--password-file", passwordFile(t, testPassword))
	var usage *report.UsageError
	if !errors.Is(err, context.Canceled) || errors.As(err, &usage) {
		t.Errorf("error %v, want that it was canceled", err)
	}
}
