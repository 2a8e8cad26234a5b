package api

import (
	"fmt"
	"strings"

	"owlcache/api/access"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/metrics"
	"owlcache/engine"
)

// route is one path of the server.
type route struct {
	path    string
	methods string // allowed methods, separated by ", "; empty is any
	access  access.Class
	form    bool // takes parameters from a request body; other routes refuse a body
	// early routes are served also while there is no store. The others get it.
	early bool
	// unshared keeps the answers from web pages of other origins, whatever CORS allows. For
	// what operators and their programs use.
	unshared bool
	// check refuses a request before the store is waited for; nil: none.
	check func(*exchange.Exchange) error
	serve func(*exchange.Exchange, node.Store)
	// fail answers a request that has no token, or parameters that cannot be read; nil:
	// in plain text. Only for routes that want a token.
	fail func(*exchange.Exchange, error)
}

// routeTable is the one place where paths are given out.
func (s *Server) routeTable() []route {
	const read = "GET, HEAD"
	classic, urlcache, admin := s.classic, s.urlcache, s.admin
	return []route{
		{path: "/", methods: read, access: access.Public, early: true, serve: s.serveWelcome},
		{path: "/data", access: access.PerCommand, form: true, serve: classic.ServeData},
		{path: "/data/", access: access.PerCommand, form: true, serve: classic.ServeData},
		{path: "/group_data", access: access.PerCommand, form: true, serve: classic.ServeGroup},
		{path: "/group_data/", access: access.PerCommand, form: true, serve: classic.ServeGroup},
		{path: "/server", access: access.Token, form: true, serve: classic.ServeLists, fail: classic.FailLists},
		{path: "/server/", access: access.Token, form: true, serve: classic.ServeLists, fail: classic.FailLists},
		{path: "/admin/group", methods: read, unshared: true, access: access.Token, serve: admin.ServeGroup},
		{path: "/admin/cluster", methods: read, unshared: true, access: access.Token, serve: admin.ServeCluster},
		{path: "/admin/cluster/digest", methods: read, unshared: true, access: access.Token, serve: admin.ServeDigest},
		{path: "/admin/cluster/entries", methods: "GET", unshared: true, access: access.Token, serve: admin.ServeEntries},
		{path: "/admin/backup", methods: "GET", unshared: true, access: access.Token, serve: admin.ServeBackup},
		{path: "/uc", access: access.PerCommand, form: true, check: urlcache.Check, serve: urlcache.Serve},
		{path: "/uc/", access: access.PerCommand, form: true, check: urlcache.Check, serve: urlcache.Serve},
		{path: "/ws", methods: "GET", access: access.Public, check: s.socket.Check, serve: s.socket.Serve},
		{path: "/livez", methods: read, access: access.Public, early: true, serve: serveLive},
		{path: "/readyz", methods: read, access: access.Public, early: true, serve: serveReady},
		{path: "/metrics", methods: read, unshared: true, access: access.Public, early: true, serve: metrics.Handler(s.opts.Registry)},
	}
}

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

// easyRoute returns the URL cache's route for paths that have none, if it is wanted.
func (s *Server) easyRoute(method []byte) *route {
	easy := &route{methods: "GET, HEAD", access: access.PerCommand, check: s.urlcache.Check, serve: s.urlcache.ServeEasy}
	if s.opts.URLCache == nil || !s.opts.URLCacheEasy || !easy.allows(method) {
		return nil
	}
	return easy
}

func (s *Server) dispatch(x *exchange.Exchange) {
	if x.Conn.Loopback && !x.HostAllowed() {
		x.Refuse(fault.Refusal{
			Status: 421,
			Reason: "this Host name is not served on a loopback address; the option Allowed_Hosts adds names",
			Close:  true,
		})
		return
	}
	r := s.routes[string(x.Ctx.Path())]
	if r == nil {
		r = s.easyRoute(x.Ctx.Method())
	}
	switch {
	case r == nil:
		x.Refuse(fault.Refusal{Status: 404, Reason: "no such path; see / for what there is"})
	case x.Node.Access.Origins != nil && !r.unshared && asksFirst(x):
		permit(x, r)
	case !r.allows(x.Ctx.Method()):
		x.Ctx.Response.Header.Set("Allow", r.methods)
		x.Refuse(fault.Refusal{Status: 405, Reason: "this path takes only " + r.methods})
	case !r.form && x.HasBody():
		x.Refuse(fault.Refusal{Status: 400, Reason: "this path takes no request body"})
	default:
		r.enter(x)
	}
}

func (r *route) enter(x *exchange.Exchange) {
	if err := r.admit(x); err != nil {
		r.refuse(x, err)
		return
	}
	var store node.Store
	if !r.early {
		if store = x.Node.Gate.Wait(); store == nil {
			x.Refuse(fault.Unavailable(x.Node.NotServing()))
			return
		}
	}
	r.serve(x, store)
}

func (r *route) admit(x *exchange.Exchange) error {
	if r.access == access.Token {
		if err := x.ReadParams(); err != nil {
			return err
		}
		if !x.MayUse(r.access) {
			return fault.ErrNoToken
		}
	}
	if r.check != nil {
		return r.check(x)
	}
	return nil
}

func (r *route) refuse(x *exchange.Exchange, err error) {
	if r.fail != nil {
		r.fail(x, err)
		return
	}
	refusal, ok := fault.AsRefusal(err)
	if !ok {
		refusal.Status, refusal.Reason, _ = fault.Of(err)
	}
	x.Refuse(refusal)
}

func (s *Server) serveWelcome(x *exchange.Exchange, _ node.Store) {
	at := "http://" + x.Conn.ResponseHost
	if s.tls != nil {
		at = "https://" + x.Conn.ResponseHost
	}
	x.Text(200, fmt.Sprintf(`%s - a persistent cache server

Try it (set needs the token that pass answers in Data):

  curl '%s/data/?cmd=ping'
  curl '%s/data/' -d cmd=pass --data-urlencode pass=PASSWORD
  curl '%s/data/' -d cmd=set -d key=hello -d valuedata=world --data-urlencode token=TOKEN
  curl '%s/data/?cmd=get&key=hello'

State: /readyz, /livez, figures: /metrics
Documentation: README.md and docs/ of the program`, s.name, at, at, at, at))
}

func serveLive(x *exchange.Exchange, _ node.Store) {
	store := x.Node.Gate.Peek()
	if store == nil {
		x.Text(200, x.Node.Gate.Status())
		return
	}
	_, text := describe(store)
	x.Text(200, text)
}

// serveReady answers whether the node takes reads and writes, and with sync=1 whether it also has
// had the same data as another node. Without data sync that is no condition: one probe serves all.
func serveReady(x *exchange.Exchange, _ node.Store) {
	store := x.Node.Gate.Peek()
	if store == nil || x.Node.Stopped() {
		x.Refuse(fault.Unavailable(x.Node.NotServing()))
		return
	}
	ok, text := describe(store)
	if !ok {
		x.Refuse(fault.Refusal{Status: 503, Reason: text})
		return
	}
	switch string(x.Ctx.QueryArgs().Peek("sync")) {
	case "", "0":
	case "1":
		if sync := x.Node.Sync.Get(); sync != nil && !sync.Synced() {
			x.Refuse(fault.Unavailable("not in sync: no other node has held the same data since the start"))
			return
		}
	default:
		x.Refuse(fault.Refusal{Status: 400, Reason: "sync: want 0 or 1"})
		return
	}
	x.Text(200, text)
}

func describe(store node.Store) (ok bool, text string) {
	state, err := store.Health()
	switch state {
	case engine.Writable:
		return true, "ok"
	case engine.DiskFull:
		text = "disk full: reads are served, writes are refused until there is room"
	case engine.ReadOnly:
		text = "read-only: reads are served, writes are refused until a restart"
	case engine.Closed:
		text = "closed"
	default:
		text = "unknown state"
	}
	if err != nil {
		text += ": " + err.Error()
	}
	return false, text
}
