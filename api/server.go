package api

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"owlcache/api/access"
	"owlcache/api/admin"
	"owlcache/api/classic"
	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/line"
	"owlcache/api/metrics"
	"owlcache/api/socket"
	"owlcache/api/urlcache"
)

// Server answers HTTP and the line protocol for one node.
type Server struct {
	opts Options
	name string      // of the Server header
	tls  *tls.Config // nil: plain HTTP

	node     *node.Node
	classic  *classic.Protocol
	line     *line.Server
	socket   *socket.Server
	admin    *admin.Server
	urlcache *urlcache.Server

	http      *fasthttp.Server
	routes    map[string]*route
	conns     *conn.Table // of HTTP
	exchanges sync.Pool   // of *exchange.Exchange

	requests   *metrics.Requests
	handshakes atomic.Uint64 // TLS handshakes that failed

	stop context.CancelFunc
}

// New checks opts and makes a server. It returns every mistake in opts at once.
func New(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts:  opts,
		name:  strings.TrimSpace("owlcache " + opts.Version),
		tls:   tlsConfig(opts.Certificate),
		conns: conn.NewTable(opts.MaxConns, opts.MaxConnsPerIP),
	}
	var running context.Context
	running, s.stop = context.WithCancel(context.Background())
	guard := access.Options{
		Password: opts.Password, TokenSecret: opts.TokenSecret, TokenLifetime: opts.TokenLifetime,
		Host: opts.ResponseHost, AllowedHosts: opts.AllowedHosts, Origins: opts.AllowedOrigins,
	}
	s.node = node.New(running, guard, opts.MaxValueSize, opts.MaxBodyMemory, opts.Logger)
	s.exchanges.New = func() any { return &exchange.Exchange{Node: s.node} }
	s.makeParts()
	if err := s.registerMetrics(); err != nil {
		return nil, err
	}
	if s.routes, err = indexRoutes(s.routeTable()); err != nil {
		return nil, err
	}
	s.http = s.newHTTPServer()
	return s, nil
}

func (s *Server) makeParts() {
	o, unknown := &s.opts, exchange.Unknown()
	s.classic = classic.New(classic.Lists{Owlcache: o.Owlcache, Gossip: o.Gossip}, unknown)
	s.urlcache = urlcache.NewServer(o.URLCache, unknown)
	s.admin = admin.New(s.node, admin.Options{Backup: o.Backup, Seeds: o.Gossip, GroupMode: o.GroupMode})
	s.socket = socket.New(s.node, socket.Options{On: o.WebSocket, Name: s.name, ResponseHost: o.hostPort(o.TCPPort), WriteTimeout: o.WriteTimeout})
	s.line = line.New(s.node, line.Options{
		MaxConns: o.MaxConns, MaxConnsPerIP: o.MaxConnsPerIP,
		ReadTimeout: o.ReadTimeout, IdleTimeout: o.TCPIdleTimeout, OpenWrites: o.TCPOpenWrites,
		Logger: o.TCPLogger, LogRequests: o.AccessLog != nil,
	})
	s.requests = metrics.NewRequests(slices.Concat([]*exchange.Command{unknown}, s.classic.Commands(), s.urlcache.Commands()))
}

func (s *Server) registerMetrics() error {
	return metrics.Register(s.opts.Registry, s.node, s.requests, s.classic.Incomplete.Load,
		s.connCollector(), s.tlsCollector(), s.line.Collector(), s.socket.Collector(), s.urlcache.Collector(), metrics.BuildInfo(s.opts.Version))
}

// Connections, their limits and their end are ours (listen.go, shutdown.go): fasthttp's limit per IP
// does not see IPv6, its accept loop ends when descriptors run out, and its shutdown cannot cut off.
func (s *Server) newHTTPServer() *fasthttp.Server {
	return &fasthttp.Server{
		Name:           s.name,
		HeaderReceived: s.takeHead,
		ExpectHandler:  s.answerExpect,
		Handler:        s.handle,
		ErrorHandler:   s.handleMalformed,
		Logger:         debugPrinter{s.opts.Logger},
		ConnState:      trackBusy,
		Concurrency:    math.MaxInt32,

		ReadTimeout:    s.opts.ReadTimeout,
		WriteTimeout:   s.opts.WriteTimeout,
		IdleTimeout:    s.opts.IdleTimeout,
		ReadBufferSize: s.opts.MaxHeaderSize,

		// Bodies are read by package exchange within its own limits. With this flag the
		// HTTP server itself never holds more than the first 8 KiB of one.
		StreamRequestBody:            true,
		MaxRequestBodySize:           exchange.MaxBody(s.opts.MaxValueSize),
		DisablePreParseMultipartForm: true,

		NoDefaultContentType:  true,
		SecureErrorLogMessage: true,
	}
}

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	x := s.exchanges.Get().(*exchange.Exchange)
	x.Begin(ctx)
	defer s.finish(x)
	s.dispatch(x)
}

// finish recovers from a panic, ends the exchange and decides whether the connection may go on.
func (s *Server) finish(x *exchange.Exchange) {
	if p := recover(); p != nil {
		s.node.LogPanic("serving a request", p)
		x.Ctx.Response.Reset()
		x.Refuse(fault.Refusal{Status: 500, Reason: "internal error", Close: true})
	}
	if x.HasBody() && !x.Read {
		// What is left of the body must not be taken for the next request.
		x.Conn.Linger = true
		x.Ctx.SetConnectionClose()
	}
	if s.node.Stopped() {
		x.Ctx.SetConnectionClose()
	}
	if s.node.Access.Origins != nil {
		s.share(x)
	}
	s.requests.Count(x)
	s.logAccess(x)
	x.Release()
	s.exchanges.Put(x)
}

// trackBusy marks the end of a request. conn.Conn and Exchange.Begin mark its beginning.
func trackBusy(nc net.Conn, state fasthttp.ConnState) {
	if c, ok := nc.(*conn.Conn); ok && state == fasthttp.StateIdle {
		c.Busy.Store(false)
	}
}

// Ready tells that recovery has finished: data is served from store. Only the first call counts.
func (s *Server) Ready(store Store) { s.node.Gate.Open(store) }

// SetLoading sets what /readyz says until Ready. text must be safe for concurrent use.
func (s *Server) SetLoading(text func() string) { s.node.Gate.SetLoading(text) }

// SetGroup must be called before Ready; without it /group_data/ answers 503.
func (s *Server) SetGroup(g Group) { s.node.Group.Set(g) }

// SetSync must be called before Ready, and not at all if data sync is off.
func (s *Server) SetSync(sync Sync) { s.node.Sync.Set(sync) }

// SetImporter must be called before Ready; without it a miss in the store is one.
func (s *Server) SetImporter(i Importer) { s.node.Importer.Set(i) }

// debugPrinter logs without the arguments: they may quote a request, with a password or token.
type debugPrinter struct{ to *slog.Logger }

func (d debugPrinter) Printf(format string, _ ...any) { d.to.Debug("http server", "format", format) }

// What a server needs of the rest of the node.
type (
	// Store is the engine's.
	Store = node.Store
	// Importer looks elsewhere for keys that the store does not hold.
	Importer = node.Importer
	// Group is the owlcache group.
	Group = node.Group
	// GroupAnswer is what one node has under a key.
	GroupAnswer = node.GroupAnswer
	// GroupReach tells how many nodes a question was for, and how many have answered it.
	GroupReach = node.GroupReach
	// Sync is the node's data sync.
	Sync = node.Sync
)

// Parts are what a server is made of, for the tests of its parts.
type Parts struct {
	Node   *node.Node
	HTTP   *conn.Table
	Line   *line.Server
	Socket *socket.Server
	Admin  *admin.Server
	Stop   func() // the first thing that Shutdown does
}

// Parts returns what the server is made of.
func (s *Server) Parts() Parts {
	return Parts{Node: s.node, HTTP: s.conns, Line: s.line, Socket: s.socket, Admin: s.admin, Stop: s.stop}
}
