package tools

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/goldendir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/cmd/owlcache/internal/term/termtest"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// Ctrl-C ends a command even while it waits for the other side of a pipe, and leaves
// nothing.
func TestBackupIsInterrupted(t *testing.T) {
	dir := goldendir.Temp(t)
	parent := t.TempDir()
	target := filepath.Join(parent, "new")
	nothing, silent := io.Pipe() // nobody writes into this one
	unread, full := io.Pipe()    // and nobody reads from this one
	reached := make(chan struct{}, 1)
	for name, tt := range map[string]struct {
		args   []string
		stdin  io.Reader
		stdout io.Writer
	}{
		"restore that gets nothing": {[]string{"restore", "-", "--to", target}, notingReader{nothing, reached}, io.Discard},
		"verify that gets nothing":  {[]string{"restore", "-", "--verify"}, notingReader{nothing, reached}, io.Discard},
		"backup that nobody reads":  {[]string{"backup", dir, "--out", "-"}, strings.NewReader(""), notingWriter{full, reached}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			code := make(chan int, 1)
			var stderr e2e.Buffer
			go func() { code <- execute(ctx, tt.args, tt.stdin, tt.stdout, &stderr) }()
			<-reached
			cancel()
			if c := <-code; c != term.CodeInterrupted || !strings.Contains(stderr.String(), "owlcache: interrupted: ") {
				t.Errorf("exit code %d: %s", c, stderr.String())
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	for _, end := range []io.Closer{silent, unread} { // and so the goroutines that wait there
		if err := end.Close(); err != nil {
			t.Error(err)
		}
	}
}

// notingReader tells that somebody reads.
type notingReader struct {
	io.Reader
	reached chan struct{}
}

func (n notingReader) Read(p []byte) (int, error) {
	select {
	case n.reached <- struct{}{}:
	default:
	}
	return n.Reader.Read(p)
}

// notingWriter tells that somebody writes.
type notingWriter struct {
	io.Writer
	reached chan struct{}
}

func (n notingWriter) Write(p []byte) (int, error) {
	select {
	case n.reached <- struct{}{}:
	default:
	}
	return n.Writer.Write(p)
}

// A command that is stopped at any moment leaves its target as it was.
func TestBackupStopsAnywhere(t *testing.T) {
	dir := goldendir.Temp(t)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	if code, _, errs := executed(t, "backup", dir, "--out", file); code != term.CodeOK {
		t.Fatal(errs)
	}
	for _, args := range [][]string{{"backup", dir, "--out"}, {"restore", file, "--to"}} {
		parent := t.TempDir()
		target := filepath.Join(parent, "target")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var out, errs bytes.Buffer
		if code := execute(ctx, append(slices.Clone(args), target), strings.NewReader(""), &out, &errs); code != term.CodeInterrupted {
			t.Errorf("%s: exit code %d: %s", args[0], code, errs.String())
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", args[0], left, err)
		}
	}
}

// Others may not read a backup.
func TestBackupFileIsPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b")
	if code, _, errs := executed(t, "backup", goldendir.Temp(t), "--out", file); code != term.CodeOK {
		t.Fatal(errs)
	}
	if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
}

// Compact refuses a directory that a store has open.
func TestCompactRefusesALockedDirectory(t *testing.T) {
	dir := goldendir.Temp(t)
	err := goldendir.WithStore(t.Context(), dir, 0, func(*engine.Store) error {
		code, _, errs := executed(t, "compact", dir)
		if code != term.CodeFailed || !strings.Contains(errs, "is in use by process") {
			t.Errorf("exit code %d: %s", code, errs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, datadir.SnapshotFile+datadir.TmpSuffix)); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// execute runs one of the commands and returns the exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &term.Process{Stdin: stdin, Stdout: stdout, Stderr: stderr}
	return termtest.Run(ctx, p, args, Commands(p)...)
}

func executed(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = execute(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}
