package api

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"owlcache/api/internal/exchange"
)

// Bounds of what a client chooses in a log record, in bytes.
const (
	maxLoggedMethod = 16
	maxLoggedPath   = 128
)

// logAccess writes the record of a finished request. Passwords and tokens travel
// in the query, so no part of it is logged; nor is the command, unless it is one.
func (s *Server) logAccess(x *exchange.Exchange) {
	if s.opts.AccessLog == nil {
		return
	}
	method := x.Ctx.Method()
	s.opts.AccessLog.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("method", string(method[:min(len(method), maxLoggedMethod)])),
		slog.String("path", s.loggedPath(x.Ctx.Path())),
		slog.String("cmd", x.CommandName()),
		slog.Int("status", x.Ctx.Response.StatusCode()),
		slog.Int("bytes", answerSize(x)),
		slog.Duration("duration", time.Since(x.Start)),
		slog.String("remote", x.Conn.Peer.String()),
	)
}

// loggedPath returns the whole path of a route, else the first element: what follows may be a key.
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

func answerSize(x *exchange.Exchange) int {
	if x.Ctx.Response.IsBodyStream() {
		return x.Ctx.Response.Header.ContentLength()
	}
	return len(x.Ctx.Response.Body())
}
