package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/cmd/owlcache/internal/term/termtest"
)

// execute runs one of the commands and returns the exit code.
func execute(t *testing.T, args, env []string, stdout, stderr io.Writer) int {
	t.Helper()
	p := &term.Process{Env: env, Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr}
	return termtest.Run(t.Context(), p, args, Commands(p)...)
}

func TestNodeURL(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:7721":           "http://127.0.0.1:7721/data/",
		"node.example":             "http://node.example:7721/data/",
		"[::1]:80":                 "http://[::1]:80/data/",
		"[::1]":                    "http://[::1]:7721/data/",
		"http://node.example":      "http://node.example/data/",
		"https://node.example/owl": "https://node.example/owl/data/",
		"ftp://node.example":       "",
		"":                         "",
		":7721":                    "",
		"a b":                      "",
	} {
		u, err := nodeURL(addr)
		if err != nil {
			if want != "" || term.Finish(&strings.Builder{}, err) != term.CodeUsage {
				t.Errorf("nodeURL(%q): %v", addr, err)
			}
			continue
		}
		if u.String() != want {
			t.Errorf("nodeURL(%q) = %q, want %q", addr, u, want)
		}
	}
}

func TestParseTTL(t *testing.T) {
	for in, want := range map[string]string{
		"10s": "10", "10": "10", "1.5": "1.5", "1m30s": "90", "250ms": "0.25", "0": "0", "1h": "3600", "1ns": "0.000000001",
		"1d": "86400", "7d": "604800", "1.5d": "129600", "1d12h": "129600", "0d": "0",
		"d": "", "-1d": "", "1h1d": "", "1d12": "", "1d-48h": "", "1d1d": "", "1e3d": "", "99999999d": "", "NaNd": "",
		"": "", "-1": "", "-5s": "", "soon": "", "10 s": "", "1e9": "", "NaN": "", "99999999999999": "",
	} {
		got, err := parseTTL(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("parseTTL(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func FuzzParseTTL(f *testing.F) {
	f.Add("1m30s")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseTTL(s)
		if err != nil {
			return
		}
		if seconds, err := strconv.ParseFloat(got, 64); err != nil || seconds < 0 {
			t.Fatalf("parseTTL(%q) = %q", s, got)
		}
	})
}

// What answers something else than a node is not taken for one, and never gets
// to be a value on the standard output.
func TestAnswersThatAreNone(t *testing.T) {
	classic := func(w http.ResponseWriter) { w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC") }
	tests := []struct {
		name    string
		handler http.HandlerFunc
		code    int
		stderr  string
	}{
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, 1, "is no owlcache node"},
		{"a missing page", http.NotFound, 1, "is no owlcache node"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		}, 1, "answers 302"},
		{"busy", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "loading", http.StatusServiceUnavailable) }, 6, "not available now: loading"},
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			classic(w)
			w.Header().Set("Owlcache-Error", "key is empty")
			w.WriteHeader(http.StatusInternalServerError)
		}, 1, "answers 500: key is empty"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			classic(w)
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half a value"))
			panic(http.ErrAbortHandler)
		}, 6, "does not answer"},
		{"slow", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // a server sees the end of a connection only behind the body
			<-r.Context().Done()
		}, 6, "does not answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			node := httptest.NewServer(tt.handler)
			defer node.Close()
			var stdout, stderr strings.Builder
			args := []string{"get", "k", "--addr", node.URL}
			if tt.name == "slow" {
				args = append(args, "--timeout", "50ms")
			}
			code := execute(t, args, nil, &stdout, &stderr)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) || stdout.Len() > 0 {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
			}
		})
	}
}

// Secrets travel in bodies only, and not to another machine unless they were
// meant for it.
func TestWhereSecretsGo(t *testing.T) {
	var urls []string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		urls = append(urls, r.URL.String())
		w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
		_, _ = w.Write([]byte(`{"Cmd":"pass","Status":200,"Results":"SUCCESS","Key":"","Data":"dG9rZW4=","ResponseHost":"","KeyCreateTime":"0001-01-01T00:00:00Z"}`))
	}))
	defer node.Close()
	var stdout, stderr strings.Builder
	code := execute(t, []string{"set", "k", "v", "--addr", node.URL}, []string{"OWLCACHE_PASS=correct horse battery"}, &stdout, &stderr)
	if code != term.CodeOK || len(urls) != 2 || urls[0] != "/data/" || urls[1] != "/data/" {
		t.Errorf("exit code %d, stderr %q, requests %q", code, stderr.String(), urls)
	}
	_, err := findPassword("", false, config.Flags{}, nil)
	var exit *term.ExitError
	if !errors.As(err, &exit) || exit.Code != term.CodeDenied {
		t.Errorf("password for another machine: %v", err)
	}
}

func TestLocal(t *testing.T) {
	for addr, want := range map[string]bool{"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "10.0.0.1:1": false, "node.example": false} {
		c, err := New(addr, time.Second, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.local() != want {
			t.Errorf("local(%q) = %v", addr, c.local())
		}
	}
}
