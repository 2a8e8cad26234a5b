package socket

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/metrics"
	"owlcache/engine"
)

const (
	// maxRequest bytes have room for the largest key, the words around it and a tag.
	maxRequest = engine.MaxKeySize + 8<<10
	// queue is how many answers wait on a connection. When it is full no more is read.
	queue = 32
	// smallAnswer bounds, with queue, what a slow client costs: larger answers are counted.
	smallAnswer = 4 << 10

	readBuffer     = 1 << 10         // bytes that are read at once
	pingTime       = 5 * time.Second // between two pings
	closeGraceTime = time.Second     // for the client to take its leave
)

// Options of a Server.
type Options struct {
	On           bool          // WebSockets are served
	Name         string        // of the header Server
	ResponseHost string        // with the port of TCP, as this protocol has always had it
	WriteTimeout time.Duration // of answers
}

// Server serves /ws.
type Server struct {
	node     *node.Node
	opts     Options
	upgrader websocket.Upgrader
	buffers  sync.Pool // of the upgrader

	pingEvery, pongWait, closeGrace time.Duration

	open     atomic.Int64
	requests atomic.Uint64
	slow     atomic.Uint64 // connections that were closed because the client did not read
}

// New makes a server.
func New(n *node.Node, opts Options) *Server {
	s := &Server{
		node:      n,
		opts:      opts,
		pingEvery: pingTime,
		// While an answer is being written no ping is sent, so that a client can be
		// silent for that long without being gone.
		pongWait:   opts.WriteTimeout + 2*pingTime,
		closeGrace: closeGraceTime,
	}
	s.upgrader = websocket.Upgrader{
		ReadBufferSize:  readBuffer,
		WriteBufferPool: &s.buffers,
		CheckOrigin:     func(*http.Request) bool { return true }, // Check has done so
	}
	return s
}

// Check refuses a request that asks for no WebSocket, or may have none.
func (s *Server) Check(x *exchange.Exchange) error {
	switch {
	case !s.opts.On:
		return fault.Refusal{Status: 404, Reason: "this node serves no WebSockets; the option Open_Websocket_Server switches them on"}
	case !x.Ctx.Request.Header.IsHTTP11():
		return fault.Refusal{Status: 505, Reason: "a WebSocket needs HTTP/1.1", Close: true}
	case !originAllowed(x):
		return fault.Refusal{Status: 403, Reason: "web pages may open WebSockets only on the host that they come from, under a name that is served (option Allowed_Hosts)"}
	case !asksForSocket(x):
		x.Ctx.Response.Header.Set("Upgrade", "websocket")
		return fault.Refusal{Status: 426, Reason: "this path is for WebSockets"}
	}
	return nil
}

// Serve makes a WebSocket of the connection.
func (s *Server) Serve(x *exchange.Exchange, store node.Store) {
	if s.node.Stopped() {
		x.Refuse(fault.Unavailable(s.node.NotServing()))
		return
	}
	t, ws, err := s.upgrade(x)
	if err != nil {
		return // it is answered
	}
	k := newConnection(s, store, t, ws)
	k.importUnwanted = x.ImportUnwanted()
	x.Ctx.SetStatusCode(http.StatusSwitchingProtocols) // for the log; the answer itself is in t
	x.Conn.Upgrade(k.pump)
	x.Ctx.HijackSetNoResponse(true)
	x.Ctx.Hijack(k.serve)
}

// Collector shows what the connections count.
func (s *Server) Collector() prometheus.Collector {
	f := metrics.Of[*Server]("owlcache_websocket_")
	f.Gauge("connections", "Open WebSocket connections of clients.", func(s *Server) float64 { return float64(s.open.Load()) })
	f.Counter("requests_total", "Messages of clients that were answered.", func(s *Server) uint64 { return s.requests.Load() })
	f.Counter("slow_closed_total", "WebSocket connections that were closed because the client did not read its answers in time.", func(s *Server) uint64 { return s.slow.Load() })
	return metrics.Collector(func(ch chan<- prometheus.Metric) { f.Send(ch, s) }, f)
}
