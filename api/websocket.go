package api

import (
	"bytes"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/engine"
)

const (
	// maxSocketRequest is the largest message in bytes that a client may send: the
	// largest key, with room for the words around it and for a tag.
	maxSocketRequest = engine.MaxKeySize + 8<<10
	// socketQueue is how many answers wait to be sent on a connection. When it is full
	// no more is read, so that a client that does not read stops itself.
	socketQueue = 32
	// smallAnswer is the size in bytes up to which an answer is not counted against the
	// memory for large ones. With socketQueue it bounds what a slow client costs.
	smallAnswer = 4 << 10

	socketBuffer     = 1 << 10         // bytes that are read at once
	socketPing       = 5 * time.Second // between two pings
	socketCloseGrace = time.Second     // for the client to take its leave
)

// sockets is what all WebSocket connections have in common.
type sockets struct {
	upgrader     websocket.Upgrader
	buffers      sync.Pool // of the upgrader
	responseHost string    // with the port of TCP, as this protocol has always had it

	pingEvery, pongWait, closeGrace time.Duration

	open     atomic.Int64
	requests atomic.Uint64
	slow     atomic.Uint64 // connections that were closed because the client did not read
}

func newSockets(o Options) *sockets {
	k := &sockets{
		responseHost: o.hostPort(o.TCPPort),
		pingEvery:    socketPing,
		// While an answer is being written no ping is sent, so that a client can be
		// silent for that long without being gone.
		pongWait:   o.WriteTimeout + 2*socketPing,
		closeGrace: socketCloseGrace,
	}
	k.upgrader = websocket.Upgrader{
		ReadBufferSize:  socketBuffer,
		WriteBufferPool: &k.buffers,
		CheckOrigin:     func(*http.Request) bool { return true }, // serveSocket has checked it
	}
	return k
}

// serveSocket serves /ws: it makes a WebSocket of the connection.
func (s *Server) serveSocket(x *exchange) {
	h := &x.ctx.Request.Header
	switch {
	case !s.opts.WebSocket:
		x.refuse(refusal{status: 404, reason: "this node serves no WebSockets; the option Open_Websocket_Server switches them on"})
		return
	case !h.IsHTTP11():
		x.refuse(refusal{status: 505, reason: "a WebSocket needs HTTP/1.1", close: true})
		return
	case !x.originAllowed():
		x.refuse(refusal{status: 403, reason: "web pages may open WebSockets only on the host that they come from, under a name that is served (option Allowed_Hosts)"})
		return
	case !x.asksForSocket():
		x.ctx.Response.Header.Set("Upgrade", "websocket")
		x.refuse(refusal{status: 426, reason: "this path is for WebSockets"})
		return
	}
	store := s.gate.wait()
	if store == nil || s.stopped() {
		x.refuse(refusal{status: 503, reason: s.notServing(), retryAfter: 1})
		return
	}
	link, ws, err := s.upgrade(x)
	if err != nil {
		return // it is answered
	}
	k := newSocket(s, store, link, ws)
	k.importUnwanted = x.importUnwanted()
	x.ctx.SetStatusCode(http.StatusSwitchingProtocols) // for the log; the answer itself is in link
	x.conn.socket = k
	x.conn.upgraded.Store(true)
	x.ctx.HijackSetNoResponse(true)
	x.ctx.Hijack(k.serve)
}

// asksForSocket tells whether the request asks for a WebSocket at all. The rest of the
// handshake is checked by upgrade.
func (x *exchange) asksForSocket() bool {
	for _, v := range x.ctx.Request.Header.PeekAll("Upgrade") {
		if bytes.Contains(bytes.ToLower(v), []byte("websocket")) {
			return true
		}
	}
	return false
}
