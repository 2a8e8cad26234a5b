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

// handleMalformed answers what is no request, and ends the connection. err may quote the request
// and is not shown.
func (s *Server) handleMalformed(ctx *fasthttp.RequestCtx, err error) {
	if c, ok := ctx.Conn().(*conn.Conn); ok && !c.Busy.Load() {
		_ = c.Conn.Close() // nothing was sent, so there is nothing to answer
		return
	}
	s.refuseUnread(ctx, malformed(err))
}

func malformed(err error) fault.Refusal {
	var ne net.Error
	_, tooLarge := errors.AsType[*fasthttp.ErrSmallBuffer](err)
	switch {
	case tooLarge:
		return *refuseHead(431, "the request line and headers are larger than the node takes")
	case errors.As(err, &ne) && ne.Timeout():
		return *refuseHead(408, "the request did not arrive in time")
	case errors.Is(err, io.ErrUnexpectedEOF): // the HTTP server reads the first bytes of a body itself
		return *refuseHead(400, exchange.BodyCutOff)
	case errors.Is(err, io.EOF):
		return *refuseHead(400, "the request ended before its headers did")
	}
	return *refuseHead(400, "not a valid HTTP request")
}
