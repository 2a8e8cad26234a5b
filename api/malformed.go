package api

import (
	"errors"
	"io"
	"net"

	"github.com/valyala/fasthttp"
)

// handleMalformed answers what the HTTP server could not read as a request. The
// connection ends. err may quote the request and is not shown.
func (s *Server) handleMalformed(ctx *fasthttp.RequestCtx, err error) {
	if c, ok := ctx.Conn().(*conn); ok && !c.busy.Load() {
		_ = c.Conn.Close() // nothing was sent, so there is nothing to answer
		return
	}
	s.refuseUnread(ctx, malformed(err))
}

func malformed(err error) refusal {
	var ne net.Error
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return refusal{status: 431, reason: "the request line and headers are larger than the node takes", close: true}
	}
	if errors.As(err, &ne) && ne.Timeout() {
		return refusal{status: 408, reason: "the request did not arrive in time", close: true}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF): // the HTTP server reads the first bytes of a body itself
		return bodyCutOff()
	case errors.Is(err, io.EOF):
		return refusal{status: 400, reason: "the request ended before its headers did", close: true}
	}
	return refusal{status: 400, reason: "not a valid HTTP request", close: true}
}
