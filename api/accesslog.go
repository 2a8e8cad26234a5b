package api

import (
	"bytes"
	"context"
	"log/slog"
	"time"
)

// Bounds of what a client chooses in a log record, in bytes.
const (
	maxLoggedMethod = 16
	maxLoggedPath   = 128
)

// logAccess writes the record of a finished request. Passwords and tokens travel
// in the query, so no part of it is logged; nor is the command, unless it is one.
func (s *Server) logAccess(x *exchange) {
	if s.opts.AccessLog == nil {
		return
	}
	method := x.ctx.Method()
	s.opts.AccessLog.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("method", string(method[:min(len(method), maxLoggedMethod)])),
		slog.String("path", s.loggedPath(x.ctx.Path())),
		slog.String("cmd", x.cmdName()),
		slog.Int("status", x.ctx.Response.StatusCode()),
		slog.Int("bytes", x.answerSize()),
		slog.Duration("duration", time.Since(x.start)),
		slog.String("remote", x.peer().String()),
	)
}

// loggedPath returns what may be logged of a path: all of it if there is such a
// route, else its first element, because what follows may be a key.
func (s *Server) loggedPath(path []byte) string {
	if s.routes[string(path)] != nil {
		return string(path)
	}
	first, rest := path, false
	if i := bytes.IndexByte(path[min(1, len(path)):], '/'); i >= 0 {
		first, rest = path[:i+2], len(path) > i+2
	}
	if len(first) > maxLoggedPath {
		first, rest = first[:maxLoggedPath], true
	}
	if rest {
		return string(first) + "…"
	}
	return string(first)
}

// answerSize returns the bytes of the answer's body.
func (x *exchange) answerSize() int {
	if x.ctx.Response.IsBodyStream() {
		return x.ctx.Response.Header.ContentLength()
	}
	return len(x.ctx.Response.Body())
}
