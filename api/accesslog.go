package api

import (
	"context"
	"log/slog"
	"time"
)

// Bounds of what a client chooses in a log record, in bytes.
const (
	maxLoggedMethod = 16
	maxLoggedPath   = 256
)

// logAccess writes the record of a finished request. Passwords and tokens travel
// in the query, so no part of it is logged; nor is the command, unless it is one.
func (s *Server) logAccess(x *exchange) {
	if s.opts.AccessLog == nil {
		return
	}
	method, path := x.ctx.Method(), x.ctx.Path()
	s.opts.AccessLog.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("method", string(method[:min(len(method), maxLoggedMethod)])),
		slog.String("path", string(path[:min(len(path), maxLoggedPath)])),
		slog.String("cmd", x.cmdName()),
		slog.Int("status", x.ctx.Response.StatusCode()),
		slog.Int("bytes", x.answerSize()),
		slog.Duration("duration", time.Since(x.start)),
		slog.String("remote", x.peer().String()),
	)
}

// answerSize returns the bytes of the answer's body.
func (x *exchange) answerSize() int {
	if x.ctx.Response.IsBodyStream() {
		return x.ctx.Response.Header.ContentLength()
	}
	return len(x.ctx.Response.Body())
}
