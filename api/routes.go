package api

import (
	"errors"
	"fmt"
	"strings"
)

// access says who may use a route or a command. The zero value is no class, so
// that one that was forgotten is found by New and by the tests.
type access uint8

const (
	accessPublic     access = iota + 1 // anybody
	accessLogin                        // anybody: it is where a token is given out
	accessToken                        // with a valid token
	accessPerCommand                   // as the table of its commands says
)

// route is one path of the server.
type route struct {
	path    string
	methods string // allowed methods, separated by ", "; empty is any
	access  access
	form    bool // takes parameters from a request body; other routes refuse a body
	// unshared keeps the answers from web pages of other origins, whatever CORS allows. For
	// what operators and their programs use.
	unshared bool
	serve    func(*exchange)
	// fail answers a request that has no token, or parameters that cannot be read; nil:
	// in plain text. Only for routes that want a token.
	fail func(*exchange, error)
}

// routeTable is the one place where paths are given out.
func (s *Server) routeTable() []route {
	const read = "GET, HEAD"
	return []route{
		{path: "/", methods: read, access: accessPublic, serve: serveWelcome},
		{path: "/data", access: accessPerCommand, form: true, serve: serveData},
		{path: "/data/", access: accessPerCommand, form: true, serve: serveData},
		{path: "/group_data", access: accessPerCommand, form: true, serve: serveGroupData},
		{path: "/group_data/", access: accessPerCommand, form: true, serve: serveGroupData},
		{path: "/server", access: accessToken, form: true, serve: serveServerList, fail: (*exchange).failServerList},
		{path: "/server/", access: accessToken, form: true, serve: serveServerList, fail: (*exchange).failServerList},
		{path: "/admin/group", methods: read, unshared: true, access: accessToken, serve: s.serveAdminGroup},
		{path: "/admin/cluster", methods: read, unshared: true, access: accessToken, serve: s.serveAdminCluster},
		{path: "/admin/cluster/digest", methods: read, unshared: true, access: accessToken, serve: s.serveDigest},
		{path: "/admin/cluster/entries", methods: "GET", unshared: true, access: accessToken, serve: s.serveEntries},
		{path: "/admin/backup", methods: "GET", unshared: true, access: accessToken, serve: s.serveBackup},
		{path: "/uc", access: accessPerCommand, form: true, serve: serveUC},
		{path: "/uc/", access: accessPerCommand, form: true, serve: serveUC},
		{path: "/ws", methods: "GET", access: accessPublic, serve: s.serveSocket},
		{path: "/livez", methods: read, access: accessPublic, serve: serveLive},
		{path: "/readyz", methods: read, access: accessPublic, serve: serveReady},
		{path: "/metrics", methods: read, unshared: true, access: accessPublic, serve: s.metrics.handler(s.opts.Registry)},
	}
}

// indexRoutes checks the table and makes it searchable.
func indexRoutes(table []route) (map[string]*route, error) {
	m := make(map[string]*route, len(table))
	for i := range table {
		r := &table[i]
		switch {
		case r.access == 0:
			return nil, fmt.Errorf("route %s has no access class", r.path)
		case r.serve == nil:
			return nil, fmt.Errorf("route %s has no handler", r.path)
		case m[r.path] != nil:
			return nil, fmt.Errorf("route %s is there twice", r.path)
		}
		m[r.path] = r
	}
	return m, nil
}

// allows tells whether the route takes requests of this method.
func (r *route) allows(method []byte) bool {
	if r.methods == "" {
		return true
	}
	for m := range strings.SplitSeq(r.methods, ", ") {
		if m == string(method) {
			return true
		}
	}
	return false
}

// easyRoute returns the route for paths that have none, if there is one: a read of the URL
// cache, whatever the path.
func (s *Server) easyRoute(method []byte) *route {
	easy := &route{methods: "GET, HEAD", access: accessPerCommand, serve: serveUCEasy}
	if s.opts.URLCache == nil || !s.opts.URLCacheEasy || !easy.allows(method) {
		return nil
	}
	return easy
}

// dispatch hands x to its route, if it may use it.
func (s *Server) dispatch(x *exchange) {
	if x.conn.loopback && !x.hostAllowed() {
		x.misdirected()
		return
	}
	r := s.routes[string(x.ctx.Path())]
	if r == nil {
		r = s.easyRoute(x.ctx.Method())
	}
	switch {
	case r == nil:
		x.refuse(refusal{status: 404, reason: "no such path; see / for what there is"})
	case s.cors != nil && !r.unshared && x.asksFirst():
		x.permit(r)
	case !r.allows(x.ctx.Method()):
		x.ctx.Response.Header.Set("Allow", r.methods)
		x.refuse(refusal{status: 405, reason: "this path takes only " + r.methods})
	case !r.form && x.hasBody():
		x.refuse(refusal{status: 400, reason: "this path takes no request body"})
	case r.access == accessToken:
		x.enter(r)
	default:
		r.serve(x)
	}
}

// enter hands x to a route that wants a token, if it brings one.
func (x *exchange) enter(r *route) {
	err := x.readParams()
	if err == nil && !x.mayUse(r.access) {
		err = errNoToken
	}
	switch {
	case err == nil:
		r.serve(x)
		return
	case r.fail != nil:
		r.fail(x, err)
		return
	}
	var ref refusal
	if !errors.As(err, &ref) {
		ref.status, ref.reason, _ = statusOf(err)
	}
	x.refuse(ref)
}
