package api

import (
	"net"

	"github.com/valyala/fasthttp"

	"owlcache/api/access"
	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
)

// ExposedHeaders are the headers of answers that web pages may read.
const ExposedHeaders = exposedHeaders

// Route is what the tests look at of a route.
type Route struct {
	Path, Methods  string
	Access         access.Class
	Form, Unshared bool
}

// Routes returns the table of routes.
func (s *Server) Routes() []Route {
	var all []Route
	for _, r := range s.routeTable() {
		all = append(all, Route{r.path, r.methods, r.access, r.form, r.unshared})
	}
	return all
}

// AddRoute adds a route that takes parameters.
func (s *Server) AddRoute(path string, class access.Class, serve func(*exchange.Exchange, node.Store)) {
	s.routes[path] = &route{path: path, access: class, form: true, serve: serve}
}

// Rejected returns how many connections were refused.
func (s *Server) Rejected() uint64 { return s.conns.Counts().Rejected }

// Handshakes returns how many TLS handshakes have failed.
func (s *Server) Handshakes() uint64 { return s.handshakes.Load() }

// Handle serves a request.
func (s *Server) Handle(ctx *fasthttp.RequestCtx) { s.handle(ctx) }

// ServeConn serves a connection without its table.
func (s *Server) ServeConn(c *conn.Conn) error {
	if err := s.http.ServeConn(c); err != nil && !isUsualEnd(err) {
		return err
	}
	return nil
}

// ResponseHost returns what answers name as the node, behind a listener.
func (o Options) ResponseHostOf(ln net.Addr) string { return o.responseHost(ln) }

// Commands returns all commands of HTTP.
func (s *Server) Commands() []*exchange.Command { return s.classic.Commands() }
