package engine

import (
	"context"
	"log/slog"
	"time"
)

// slowTask is how long a task in the background may take before that is worth a line by
// itself.
const slowTask = 10 * time.Second

// logDone logs that a task has been done since start, as Options.TaskLogger says.
func logDone(logger *slog.Logger, what string, start time.Time, args ...any) {
	level, took := slog.LevelDebug, time.Since(start)
	if took >= slowTask {
		level = slog.LevelInfo
	}
	logger.Log(context.Background(), level, what, append(args, "took", took)...)
}
