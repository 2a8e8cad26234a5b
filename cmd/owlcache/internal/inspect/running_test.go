package inspect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/goldendir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// manyKeys returns what writes n keys in a few commits.
func manyKeys(n int) func(s *engine.Store) error {
	return func(s *engine.Store) error {
		var ops []engine.Op
		for i := range n {
			ops = append(ops, engine.Op{Kind: engine.Set, Key: fmt.Appendf(nil, "many:%06d", i), Value: []byte("x")})
			if len(ops) == 1000 || i == n-1 {
				if err := s.Commit(ops); err != nil {
					return err
				}
				ops = ops[:0]
			}
		}
		return nil
	}
}

// TestInspectARunningNode looks at a directory while it is written and checkpoints are
// made. Two keys always change in one commit, so that they always have the same size.
func TestInspectARunningNode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	err := goldendir.WithStore(t.Context(), dir, 0, func(s *engine.Store) error {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		go func() { done <- writePairs(ctx, s) }()
		go func() { done <- checkpoints(ctx, s) }()
		for deadline := time.Now().Add(time.Second); time.Now().Before(deadline) && !t.Failed(); {
			checkPair(t, dir)
			for _, args := range []string{"", "prefixes", "log --limit 20 -o json", "get pair:a --history", "members"} {
				code, stdout, stderr := runInspect(t, t.Context(), dir, strings.Fields(args)...)
				if code != term.CodeOK && (code != term.CodeNotFound || !strings.HasPrefix(args, "get")) {
					t.Errorf("inspect %s: exit code %d\n%s%s", args, code, stdout, stderr)
				}
				if args == "" && !strings.Contains(stdout, "running: process") {
					t.Errorf("it does not say that a node runs:\n%s", stdout)
				}
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		return <-done
	})
	if err != nil {
		t.Fatal(err)
	}
}

func writePairs(ctx context.Context, s *engine.Store) error {
	for i := 1; ctx.Err() == nil; i++ {
		value := bytes.Repeat([]byte("x"), i%5000)
		err := s.Commit([]engine.Op{
			{Kind: engine.Set, Key: []byte("pair:a"), Value: value},
			{Kind: engine.Set, Key: []byte("pair:b"), Value: value},
		})
		if err != nil {
			return err
		}
	}
	return nil
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

func checkPair(t *testing.T, dir string) {
	t.Helper()
	code, stdout, stderr := runInspect(t, t.Context(), dir, "keys", "-o", "json")
	if code != term.CodeOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var sizes []int
	for d := json.NewDecoder(strings.NewReader(stdout)); ; {
		var e struct{ Size int }
		if err := d.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, e.Size)
	}
	if len(sizes) != 0 && (len(sizes) != 2 || sizes[0] != sizes[1]) {
		t.Errorf("not of one moment: %v", sizes)
	}
}

// TestInspectFollowsTheLog reads what a node writes, over a checkpoint, until it is
// interrupted.
func TestInspectFollowsTheLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	err := goldendir.WithStore(t.Context(), dir, 0, func(s *engine.Store) error {
		for i := range 30 {
			if _, err := s.Set(fmt.Appendf(nil, "before:%d", i), nil, 0); err != nil {
				return err
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read, write := io.Pipe()
		var errs bytes.Buffer
		p := &term.Process{Stdin: strings.NewReader(""), Stdout: write, Stderr: &errs}
		code := make(chan int, 1)
		go func() {
			code <- executeInspect(ctx, p, []string{"log", "--follow", "-o", "json", "--dir", dir})
			_ = write.Close() // a pipe does not fail
		}()
		lines := bufio.NewScanner(read)
		next := func(want string) {
			t.Helper()
			var op struct{ Key string }
			if !lines.Scan() || json.Unmarshal(lines.Bytes(), &op) != nil || op.Key != want {
				t.Fatalf("got %s, want %s", lines.Bytes(), want)
			}
		}
		for i := 20; i < 30; i++ {
			next(fmt.Sprintf("before:%d", i))
		}
		for i := range 5 {
			key := fmt.Sprintf("after:%d", i)
			if _, err := s.Set([]byte(key), nil, 0); err != nil {
				return err
			}
			next(key)
			if err := s.Checkpoint(ctx); err != nil {
				return err
			}
		}
		cancel()
		if c := <-code; c != term.CodeOK || errs.Len() > 0 {
			t.Errorf("exit code %d, %s", c, errs.String())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInspectFollowEndsAtItsLimit(t *testing.T) {
	code, stdout, stderr := runInspect(t, t.Context(), goldendir.Temp(t), "log", "--follow", "--from", "5", "--limit", "2")
	if code != term.CodeOK || strings.Count(stdout, "\n") != 3 || !strings.Contains(stdout, `"user:5"`) || !strings.Contains(stderr, "no node runs") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
