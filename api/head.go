package api

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
)

// maxMethod is the size in bytes of the longest method that could be one.
const maxMethod = 32

// takeHead is called by the HTTP server after the headers. A request with a fault must be answered
// now, not when its body has arrived: it is treated as one that asks before it sends its body.
func (s *Server) takeHead(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if refusal, asks := s.inspectHead(h); asks || refusal != nil {
		h.Set("Expect", "100-continue")
	}
	return fasthttp.RequestConfig{}
}

// answerExpect is called for each request that asks, and returns 100 for those that may go on.
func (s *Server) answerExpect(ctx *fasthttp.RequestCtx) int {
	refusal, _ := s.inspectHead(&ctx.Request.Header)
	if refusal == nil {
		return fasthttp.StatusContinue
	}
	s.refuseUnread(ctx, *refusal)
	return refusal.Status
}

// refuseUnread answers a request that is malformed or whose body is not wanted, and ends the connection.
func (s *Server) refuseUnread(ctx *fasthttp.RequestCtx, r fault.Refusal) {
	x := s.exchanges.Get().(*exchange.Exchange)
	x.Begin(ctx)
	x.Start = time.Now() // the request has no time yet
	defer s.finish(x)
	x.Refuse(r)
	x.Read = true // there is nothing behind it that could be a request
	x.Conn.Linger = true
}

// inspectHead returns what is wrong with a head, and whether the request asks before it sends its
// body. It looks at the headers as they were sent: the HTTP server drops some of them.
func (s *Server) inspectHead(h *fasthttp.RequestHeader) (refusal *fault.Refusal, asks bool) {
	switch {
	case len(h.Method()) > maxMethod:
		return refuseHead(501, "unknown method"), false
	case !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0":
		return refuseHead(505, "want HTTP/1.1 or HTTP/1.0"), false
	}
	var length, encoding bool
	for raw := h.RawHeaders(); len(raw) > 0; {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\n"))
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			colon = 0
		}
		name := line[:colon]
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') || bytes.IndexByte(name, ' ') >= 0 {
			return refuseHead(400, "a header has white space in its name or before it"), false
		}
		switch len(name) {
		case len("Expect"):
			if strings.EqualFold(string(name), "Expect") {
				if !strings.EqualFold(string(bytes.TrimSpace(line[colon+1:])), "100-continue") {
					return refuseHead(417, "the only expectation that can be met is 100-continue"), false
				}
				asks = true
			}
		case len("Content-Length"):
			length = length || strings.EqualFold(string(name), "Content-Length")
		case len("Transfer-Encoding"):
			encoding = encoding || strings.EqualFold(string(name), "Transfer-Encoding")
		}
	}
	switch {
	case encoding && (length || !h.IsHTTP11()):
		return refuseHead(400, "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0"), asks
	case h.ContentLength() > exchange.MaxBody(s.opts.MaxValueSize):
		return refuseHead(413, exchange.BodyTooLarge), asks
	}
	return nil, asks
}

func refuseHead(status int, reason string) *fault.Refusal {
	return &fault.Refusal{Status: status, Reason: reason, Close: true}
}

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
	_, tooLarge := errors.AsType[*fasthttp.ErrSmallBuffer](err)
	switch {
	case tooLarge:
		return *refuseHead(431, "the request line and headers are larger than the node takes")
	case conn.IsTimeout(err):
		return *refuseHead(408, "the request did not arrive in time")
	case errors.Is(err, io.ErrUnexpectedEOF): // the HTTP server reads the first bytes of a body itself
		return *refuseHead(400, exchange.BodyCutOff)
	case errors.Is(err, io.EOF):
		return *refuseHead(400, "the request ended before its headers did")
	}
	return *refuseHead(400, "not a valid HTTP request")
}
