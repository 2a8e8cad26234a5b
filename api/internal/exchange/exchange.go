package exchange

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"owlcache/api/access"
	"owlcache/api/internal/conn"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

// Exchange is one request with its answer. Nothing may hold on to it or its slices after Release.
type Exchange struct {
	Node *node.Node
	Ctx  *fasthttp.RequestCtx
	Conn *conn.Conn

	Start   time.Time
	Params  params.Params
	Command *Command // nil: not a command
	Read    bool     // the request body has been read to its end

	body    []byte // buffer of the request body
	taken   int64  // bytes taken from the budget of request bodies
	scratch []byte // for header values
}

// Begin begins with the request of ctx.
func (x *Exchange) Begin(ctx *fasthttp.RequestCtx) {
	x.Ctx = ctx
	x.Start = ctx.Time()
	c, ok := ctx.Conn().(*conn.Conn)
	if !ok {
		c = &conn.Conn{Conn: ctx.Conn(), Peer: conn.PeerOf(ctx.RemoteAddr())} // not from Serve
	}
	c.Busy.Store(true)
	x.Conn = c
}

// Release forgets the request and gives back its memory, so that x can be used again.
func (x *Exchange) Release() {
	x.Node.Requests.Give(x.taken)
	if cap(x.body) > node.KeepBuffer {
		x.body = nil
	}
	*x = Exchange{Node: x.Node, body: x.body[:0], scratch: x.scratch[:0]}
}

// HasBody tells whether the request has a body of at least one byte.
func (x *Exchange) HasBody() bool {
	return x.Ctx.Request.IsBodyStream() && x.Ctx.Request.Header.ContentLength() != 0
}

// Authorised looks for a good token in owl_token, else in token, else in Authorization.
func (x *Exchange) Authorised() bool {
	sent := x.Params[params.OwlToken]
	if len(sent) == 0 {
		sent = x.Params[params.Token]
	}
	if len(sent) == 0 {
		sent = access.Bearer(x.Ctx.Request.Header.Peek("Authorization"))
	}
	return x.Node.Access.Valid(sent, x.Conn.Peer)
}

// MayUse tells whether the client may use what has this class of access.
func (x *Exchange) MayUse(c access.Class) bool {
	switch c {
	case access.Public, access.Login:
		return true
	case access.Token:
		return x.Authorised()
	}
	return false
}

// HostAllowed tells whether this request may come in on a loopback address.
func (x *Exchange) HostAllowed() bool {
	uri := x.Ctx.URI()
	return len(uri.Username()) == 0 && bytes.IndexByte(x.Ctx.Request.Header.Host(), '@') < 0 && x.Node.Access.Hosts.Allow(uri.Host())
}

// ImportUnwanted tells whether nothing is to be imported for the request: nodes of a group ask
// each other for what they have, and each imports what its own clients miss.
func (x *Exchange) ImportUnwanted() bool {
	return string(x.Ctx.Request.Header.Peek("Owlcache-Import")) == "no"
}
