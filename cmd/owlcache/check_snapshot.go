package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/engine"
)

// checkSnapshotName is the hidden command that runs bbolt's own check in a process of
// its own.
const checkSnapshotName = "check-snapshot"

// checkSnapshotDone is the last line of its output.
const checkSnapshotDone = "done"

// Bounds of that process: bbolt keeps some hundred bytes for each page.
const (
	boltMemory      = 256 << 20 // bytes, and a boltPart of the file
	boltPart        = 4
	boltMaxStack    = 64 << 20 // bytes
	boltGCPercent   = 400
	boltTime        = time.Minute
	boltBytesSecond = 10 << 20 // of the file, on a slow disk
	boltOutput      = 64 << 10 // bytes that are read
)

func (p *program) checkSnapshotCommand() *cobra.Command {
	return &cobra.Command{
		Use:    checkSnapshotName + " FILE",
		Short:  "Run bbolt's own check of a snapshot (used by check)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			fi, err := os.Stat(args[0])
			if err != nil {
				return err
			}
			// It is waited for whoever has started this: see boltChild.
			if _, err := io.Copy(io.Discard, p.Stdin); err != nil {
				return err
			}
			debug.SetMaxStack(boltMaxStack)
			debug.SetGCPercent(boltGCPercent)
			limitMemory(boltMemory + fi.Size()/boltPart)
			report := func(problem string) {
				_, _ = fmt.Fprintln(p.Stdout, oneLine(problem)) // the end shows whether it arrived
			}
			err = engine.CheckSnapshot(args[0], report)
			var damage *engine.CorruptError
			if errors.As(err, &damage) {
				report(damage.Reason)
			} else if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.Stdout, checkSnapshotDone)
			return err
		},
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// boltChild runs the command in a process of its own.
type boltChild struct {
	self string        // the program
	time time.Duration // it may take; 0 is a time by the size of the file
}

// run returns what is wrong with the snapshot at path; that the process did not come
// to its end is a problem too. It begins when ready is closed.
func (b boltChild) run(ctx context.Context, path string, ready <-chan struct{}) (problems []string, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	limit := b.time
	if limit == 0 {
		limit = boltTime + time.Duration(fi.Size()/boltBytesSecond)*time.Second
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, b.self, checkSnapshotName, path)
	cmd.WaitDelay = time.Second
	var out, errs boundedBuffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("run bbolt's own check: %w", err)
	}
	select {
	case <-ready:
	case <-limited.Done():
	}
	_ = begin.Close() // it begins, or has ended
	ended := cmd.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if last := len(lines) - 1; ended == nil && lines[last] == checkSnapshotDone {
		return lines[:last], nil
	}
	for _, line := range lines {
		if line != "" && line != checkSnapshotDone {
			problems = append(problems, line)
		}
	}
	return append(problems, b.failure(limited.Err(), ended, errs.String(), limit)), nil
}

// failure says how the process ended.
func (b boltChild) failure(timeout, ended error, stderr string, limit time.Duration) string {
	if errors.Is(timeout, context.DeadlineExceeded) {
		return fmt.Sprintf("it was stopped after %v without an end", limit)
	}
	what := "it ended early"
	if ended != nil {
		what = "it ended with " + ended.Error()
	}
	// The first line says what happened; a stack follows.
	for line := range strings.Lines(stderr) {
		if line = oneLine(line); line != "" {
			return what + ": " + strings.TrimPrefix(line, "owlcache: ")
		}
	}
	return what
}

// boundedBuffer keeps the first bytes that are written to it.
type boundedBuffer struct{ kept []byte }

func (b *boundedBuffer) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p[:min(len(p), boltOutput-len(b.kept))]...)
	return len(p), nil
}

func (b *boundedBuffer) String() string { return string(b.kept) }
