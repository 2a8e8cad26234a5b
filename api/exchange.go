package api

import (
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"
)

// keepBuffer is the size in bytes up to which buffers are kept for the next
// request. A larger body is large: it is counted against a budget.
const keepBuffer = 64 << 10

// exchange is one request with its answer. It is reused: nothing may hold on to
// it, or to a slice it has given out, after finish.
type exchange struct {
	srv  *Server
	ctx  *fasthttp.RequestCtx
	conn *conn

	start   time.Time
	params  params
	cmd     *command   // nil: not a command
	body    []byte     // buffer of the request body
	reach   GroupReach // of the question to the group
	taken   int64      // bytes taken from the budget of request bodies
	read    bool       // the request body has been read to its end
	scratch []byte     // for header values
	token   []byte     // for a token that needs rewriting
}

// handle is the entry of every request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	x := s.exchanges.Get().(*exchange)
	x.begin(ctx)
	defer x.finish()
	s.dispatch(x)
}

func (x *exchange) begin(ctx *fasthttp.RequestCtx) {
	x.ctx = ctx
	x.start = ctx.Time()
	c, ok := ctx.Conn().(*conn)
	if !ok {
		c = &conn{Conn: ctx.Conn(), peer: peerOf(ctx.RemoteAddr())} // not from Serve
	}
	c.busy.Store(true)
	x.conn = c
}

// finish recovers from a panic, decides whether the connection may go on, counts
// and logs the request, and gives x back.
func (x *exchange) finish() {
	if p := recover(); p != nil {
		x.srv.logPanic("serving a request", p)
		x.ctx.Response.Reset()
		x.refuse(refusal{status: 500, reason: "internal error", close: true})
	}
	if x.hasBody() && !x.read {
		// What is left of the body must not be taken for the next request.
		x.conn.linger = true
		x.ctx.SetConnectionClose()
	}
	if x.srv.stopped() {
		x.ctx.SetConnectionClose()
	}
	if x.srv.cors != nil {
		x.share()
	}
	x.srv.metrics.observe(x)
	x.srv.logAccess(x)
	x.release()
}

// release forgets the request and gives x back to the pool.
func (x *exchange) release() {
	s := x.srv
	s.bodies.give(x.taken)
	if cap(x.body) > keepBuffer {
		x.body = nil
	}
	*x = exchange{srv: s, body: x.body[:0], scratch: x.scratch[:0], token: x.token[:0]}
	s.exchanges.Put(x)
}

// hasBody tells whether the request has a body of at least one byte.
func (x *exchange) hasBody() bool {
	return x.ctx.Request.IsBodyStream() && x.ctx.Request.Header.ContentLength() != 0
}

// peer returns the client's IP address.
func (x *exchange) peer() netip.Addr { return x.conn.peer }
