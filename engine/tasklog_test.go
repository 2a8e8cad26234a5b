package engine

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// What was done in the background is told, at debug.
func TestTaskLogger(t *testing.T) {
	var said bytes.Buffer
	tasks := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := startNode(t, t.TempDir(), Options{Sync: "no", SweepInterval: never, CheckpointInterval: never, TaskLogger: tasks, Logger: slog.New(slog.DiscardHandler), compactAbove: 1})
	for i := range 2000 {
		mustSet(t, s, fmt.Sprint("key", i), strings.Repeat("x", 500), 1)
	}
	mustSet(t, s, "kept", "x", 0)
	mustCheckpoint(t, s)
	s.sweepOnce(t.Context(), time.Now())
	mustCheckpoint(t, s)
	mustStop(t, s)
	for _, want := range []string{
		"level=DEBUG msg=checkpoint keys=2001 lsn=", "level=DEBUG msg=sweep entries=2000 took=",
		`level=DEBUG msg="snapshot was compacted" bytes_before=`, "level=DEBUG msg=checkpoint keys=1 lsn=",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, said.String())
		}
	}
}

func TestSlowTasksAreInfo(t *testing.T) {
	var said bytes.Buffer
	logDone(slog.New(slog.NewTextHandler(&said, nil)), "sweep", time.Now().Add(-slowTask))
	if !strings.Contains(said.String(), "level=INFO msg=sweep took=10") {
		t.Error(said.String())
	}
}
