package api

import (
	"errors"
	"io"
	"net"

	"github.com/valyala/fasthttp"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
)

// handleMalformed answers what the HTTP server could not read as a request. The
// connection ends. err may quote the request and is not shown.
func (s *Server) handleMalformed(ctx *fasthttp.RequestCtx, err error) {
	if c, ok := ctx.Conn().(*conn.Conn); ok && !c.Busy.Load() {
		_ = c.Conn.Close() // nothing was sent, so there is nothing to answer
		return
	}
	s.refuseUnread(ctx, malformed(err))
}

func malformed(err error) fault.Refusal {
	var ne net.Error
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return fault.Refusal{Status: 431, Reason: "the request line and headers are larger than the node takes", Close: true}
	}
	if errors.As(err, &ne) && ne.Timeout() {
		return fault.Refusal{Status: 408, Reason: "the request did not arrive in time", Close: true}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF): // the HTTP server reads the first bytes of a body itself
		return exchange.BodyCutOff()
	case errors.Is(err, io.EOF):
		return fault.Refusal{Status: 400, Reason: "the request ended before its headers did", Close: true}
	}
	return fault.Refusal{Status: 400, Reason: "not a valid HTTP request", Close: true}
}
