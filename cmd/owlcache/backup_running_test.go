package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/goldendir"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/node"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// loginToken logs in at a node.
func loginToken(t *testing.T, addr, password string) string {
	t.Helper()
	status, body, err := e2e.Request(http.MethodPost, "http://"+addr+"/data/", url.Values{"cmd": {"pass"}, "pass": {password}})
	var envelope struct{ Data string }
	if err == nil {
		err = json.Unmarshal(body, &envelope)
	}
	token, berr := base64.StdEncoding.DecodeString(envelope.Data)
	if err != nil || berr != nil || status != 200 {
		t.Fatalf("pass: %d, %s, %v, %v", status, body, err, berr)
	}
	return string(token)
}

// countUp writes a number to two keys in one commit, and a greater one the next time.
func countUp(ctx context.Context, s *engine.Store, acknowledged *atomic.Int64) error {
	for n := int64(1); ctx.Err() == nil; n++ {
		value := strconv.AppendInt(nil, n, 10)
		err := s.Commit([]engine.Op{
			{Kind: engine.Set, Key: []byte("left"), Value: value}, {Kind: engine.Set, Key: []byte("right"), Value: value},
		})
		if err != nil {
			return err
		}
		acknowledged.Store(n)
	}
	return nil
}

// TestBackupOfARunningNode makes backups of a node that is written to and makes
// checkpoints, with the command and over HTTP, and restores each.
func TestBackupOfARunningNode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	c, errs := config.Parse("f", []byte("Httpport 0\nDBfile "+dir))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	stderr := &e2e.Buffer{}
	l, err := logs.Open(c, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	s := node.New(c, l, stderr)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	addr := e2e.Address(stderr.String())
	_, password, _ := strings.Cut(stderr.String(), "owlcache made a password: ")
	password, _, _ = strings.Cut(password, "\n")
	token := loginToken(t, addr, password)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	var acknowledged atomic.Int64
	for _, do := range []func() error{
		func() error { return countUp(ctx, s.Store(), &acknowledged) }, func() error { return checkpoints(ctx, s.Store()) },
	} {
		work.Go(func() {
			if err := do(); err != nil {
				t.Error(err)
			}
		})
	}
	e2e.WaitFor(t, "the first commit", func() bool { return acknowledged.Load() > 0 })
	for i := range 10 {
		least := acknowledged.Load()
		file := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if i%2 == 0 {
			if code, _, errs := runProgram(t, "backup", dir, "--out", file); code != term.CodeOK {
				t.Fatalf("backup: exit code %d: %s", code, errs)
			}
		} else {
			fetch(t, "http://"+addr+"/admin/backup?"+url.Values{"token": {token}}.Encode(), file)
		}
		most := acknowledged.Load() + 1
		target := file + ".dir"
		code, _, errs := runProgram(t, "restore", file, "--to", target)
		if code != term.CodeOK {
			t.Fatalf("restore: exit code %d: %s", code, errs)
		}
		_, err := os.Stat(filepath.Join(target, "secret.json"))
		if secret := err == nil; secret != (i%2 == 0) {
			t.Errorf("backup %d: secrets: %t", i, secret)
		}
		wantCounter(t, target, least, most)
	}
	cancel()
	work.Wait()
	if strings.Contains(stderr.String(), token[:20]) {
		t.Error("the token is in the log")
	}
}

// wantCounter checks what countUp has written.
func wantCounter(t *testing.T, dir string, least, most int64) {
	t.Helper()
	err := goldendir.WithStore(t.Context(), dir, 0, func(s *engine.Store) error {
		left, _, _ := s.Get(nil, []byte("left"))
		right, _, _ := s.Get(nil, []byte("right"))
		n, err := strconv.ParseInt(string(left), 10, 64)
		if !bytes.Equal(left, right) || n < least || n > most {
			t.Errorf("restored %q and %q, want the same, from %d to %d", left, right, least, most)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func fetch(t *testing.T, from, to string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: e2e.Patience}
	resp, err := client.Get(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/zstd" {
		t.Fatalf("%d, %v, %v", resp.StatusCode, resp.Header, err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// runProgram runs the program in this process.
func runProgram(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, nil, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func checkpoints(ctx context.Context, s *engine.Store) error {
	for ctx.Err() == nil {
		// While the directory is looked at, there is no checkpoint.
		err := s.Checkpoint(ctx)
		if err != nil && ctx.Err() == nil && !strings.Contains(err.Error(), "being read") {
			return err
		}
	}
	return nil
}
