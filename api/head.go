package api

import (
	"bytes"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
)

// maxMethod is the size in bytes of the longest method that could be one.
const maxMethod = 32

// headFault is what is wrong with a request's line and headers, as far as the HTTP
// server lets it pass.
type headFault uint8

const (
	headFine headFault = iota
	headMethod
	headVersion
	headName
	headFraming
	headTooLarge
	headExpect
)

// refusal returns the answer to a request with this fault.
func (f headFault) refusal() fault.Refusal {
	switch f {
	case headMethod:
		return fault.Refusal{Status: 501, Reason: "unknown method", Close: true}
	case headVersion:
		return fault.Refusal{Status: 505, Reason: "want HTTP/1.1 or HTTP/1.0", Close: true}
	case headName:
		return fault.Refusal{Status: 400, Reason: "a header has white space in its name or before it", Close: true}
	case headFraming:
		return fault.Refusal{Status: 400, Reason: "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0", Close: true}
	case headExpect:
		return fault.Refusal{Status: 417, Reason: "the only expectation that can be met is 100-continue", Close: true}
	default:
		return exchange.BodyTooLarge()
	}
}

// takeHead is called by the HTTP server for each request after its headers. A
// request with a fault must be answered now, not when its body has arrived; the one
// way to get there is to treat it as one that asks before it sends its body.
func (s *Server) takeHead(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if fault, asks := s.inspectHead(h); asks || fault != headFine {
		h.Set("Expect", "100-continue")
	}
	return fasthttp.RequestConfig{}
}

// answerExpect is called by the HTTP server for each request that asks before it
// sends its body, and returns 100 for those that may.
func (s *Server) answerExpect(ctx *fasthttp.RequestCtx) int {
	fault, _ := s.inspectHead(&ctx.Request.Header)
	if fault == headFine {
		return fasthttp.StatusContinue
	}
	r := fault.refusal()
	s.refuseUnread(ctx, r)
	return r.Status
}

// refuseUnread answers a request that never becomes one, because it is malformed or
// its body is not wanted. The connection ends.
func (s *Server) refuseUnread(ctx *fasthttp.RequestCtx, r fault.Refusal) {
	x := s.exchanges.Get().(*exchange.Exchange)
	x.Begin(ctx)
	x.Start = time.Now() // the request has no time yet
	defer s.finish(x)
	x.Refuse(r)
	x.Read = true // there is nothing behind it that could be a request
	x.Conn.Linger = true
}

// inspectHead returns what is wrong with a request's head, and whether it asks
// before it sends its body. It looks at the headers as they were sent: the HTTP
// server drops some of them.
func (s *Server) inspectHead(h *fasthttp.RequestHeader) (fault headFault, asks bool) {
	switch {
	case len(h.Method()) > maxMethod:
		return headMethod, false
	case !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0":
		return headVersion, false
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
			return headName, false
		}
		switch len(name) {
		case len("Expect"):
			if strings.EqualFold(string(name), "Expect") {
				if !strings.EqualFold(string(bytes.TrimSpace(line[colon+1:])), "100-continue") {
					return headExpect, false
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
		return headFraming, asks
	case h.ContentLength() > exchange.MaxBody(s.opts.MaxValueSize):
		return headTooLarge, asks
	}
	return headFine, asks
}
