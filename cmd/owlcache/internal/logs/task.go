package logs

import (
	"context"
	"log/slog"

	"owlcache/cmd/owlcache/internal/config"
)

// NewTask returns the logger of what runs in the background. Its records at debug tell
// of what was done; with Task_OutputSuccessLog 1 they count as info.
func NewTask(c *config.Config, logs *Logs) *slog.Logger {
	logger := logs.With(Concern, "task")
	if c.Tasks.LogSuccess {
		return slog.New(raised{logger.Handler()})
	}
	return logger
}

// raised lifts records at debug to info.
type raised struct{ slog.Handler }

func (h raised) Enabled(ctx context.Context, level slog.Level) bool {
	return h.Handler.Enabled(ctx, max(level, slog.LevelInfo))
}

func (h raised) Handle(ctx context.Context, r slog.Record) error {
	r.Level = max(r.Level, slog.LevelInfo)
	return h.Handler.Handle(ctx, r)
}

func (h raised) WithAttrs(attrs []slog.Attr) slog.Handler { return raised{h.Handler.WithAttrs(attrs)} }

func (h raised) WithGroup(name string) slog.Handler { return raised{h.Handler.WithGroup(name)} }
