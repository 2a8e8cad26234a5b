package api

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Server answers HTTP for one node. See the package documentation for its life cycle.
type Server struct {
	opts Options
	name string // of the Server header

	http     *fasthttp.Server
	routes   map[string]*route
	commands map[string]*command
	unknown  *command
	groupGet *command
	ucGet    *command
	group    atomic.Pointer[Group]    // set by SetGroup
	sync     atomic.Pointer[Sync]     // set by SetSync, if data sync is on
	importer atomic.Pointer[Importer] // set by SetImporter, if keys are imported

	incomplete atomic.Uint64 // answers of the group without those of all nodes that were asked

	tls       *tls.Config // nil: plain HTTP
	cors      *cors       // nil: pages of other origins may read nothing
	conns     *connTable
	gate      *gate
	hosts     *hostCheck
	tokens    *tokens
	password  password
	logins    *loginGuard
	bodies    *budget       // large request bodies
	answers   *budget       // large values on their way out
	backups   chan struct{} // holds one for each backup that is being made
	lists     chan struct{} // holds one for each list of entries that is being sent
	sockets   *sockets
	tcp       *tcpSide
	metrics   *metrics
	exchanges sync.Pool // of *exchange

	now           func() time.Time
	guardLoopback bool            // loopback clients are trusted no more than others, for tests
	running       context.Context // ends when Shutdown begins
	stop          context.CancelFunc
	stopping      <-chan struct{} // of running
}

// New checks opts and makes a server. It returns every mistake in opts at once.
func New(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts:     opts,
		name:     strings.TrimSpace("owlcache " + opts.Version),
		tls:      tlsConfig(opts.Certificate),
		cors:     newCORS(opts.AllowedOrigins),
		conns:    newConnTable(opts.MaxConns, opts.MaxConnsPerIP),
		hosts:    newHostCheck(opts.ResponseHost, opts.AllowedHosts),
		password: newPassword(opts.Password),
		logins:   newLoginGuard(maxLoginPeers),
		bodies:   newBudget(opts.MaxBodyMemory),
		answers:  newBudget(opts.MaxBodyMemory),
		backups:  make(chan struct{}, maxBackups),
		lists:    make(chan struct{}, maxEntryLists),
		sockets:  newSockets(opts),
		tcp:      newTCPSide(opts),
		now:      time.Now,
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.stopping = s.running.Done()
	s.gate = newGate(s.stopping)
	s.tokens = newTokens(opts.TokenSecret, opts.TokenLifetime, func() time.Time { return s.now() })
	s.exchanges.New = func() any { return &exchange{srv: s} }
	s.commands, s.unknown = indexCommands(commands())
	s.groupGet = newGroupCommand(len(commands()))
	s.ucGet = newUCCommand(s.groupGet.index + 1)
	s.metrics = newMetrics(s, append(commands(), *s.groupGet, *s.ucGet))
	if err := s.metrics.register(opts.Registry); err != nil {
		return nil, err
	}
	if s.routes, err = indexRoutes(s.routeTable()); err != nil {
		return nil, err
	}
	s.http = s.newHTTPServer()
	return s, nil
}

// newHTTPServer configures fasthttp. Connections, their limits and their end are
// ours (listen.go, shutdown.go): its own limit per IP does not see IPv6, its accept
// loop ends when file descriptors run out, and its shutdown cannot cut off.
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

		// Bodies are read by body.go within its own limits. With this flag the
		// HTTP server itself never holds more than the first 8 KiB of one.
		StreamRequestBody:            true,
		MaxRequestBodySize:           s.opts.maxBodySize(),
		DisablePreParseMultipartForm: true,

		NoDefaultContentType:  true,
		SecureErrorLogMessage: true,
	}
}

// trackBusy marks the end of a request. Its beginning is marked by conn.Read and,
// for a request that was read ahead together with another, by handle.
func trackBusy(nc net.Conn, state fasthttp.ConnState) {
	if c, ok := nc.(*conn); ok && state == fasthttp.StateIdle {
		c.busy.Store(false)
	}
}

// Ready tells that recovery has finished: from now on data is served from store.
// Only the first call counts.
func (s *Server) Ready(store Store) { s.gate.open(store) }

// SetLoading sets the function that says, for /readyz, how far loading has come.
// It is called for each question until Ready and must be safe for concurrent use.
func (s *Server) SetLoading(text func() string) { s.gate.setLoading(text) }

// logPanic logs p with the stack of the calling goroutine. Stacks show addresses
// and lengths of arguments, not their content.
func (s *Server) logPanic(doing string, p any) {
	s.opts.Logger.Error("panic while "+doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// debugPrinter hands what the HTTP server logs over to a logger, without the
// arguments: they may quote a request, and with it a password or token.
type debugPrinter struct{ to *slog.Logger }

func (d debugPrinter) Printf(format string, _ ...any) { d.to.Debug("http server", "format", format) }
