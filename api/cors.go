package api

import (
	"net/http"

	"owlcache/api/classic"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/urlcache"
)

const (
	// exposedHeaders are those of answers that web pages may not always read.
	exposedHeaders = exchange.HeaderKey + ", " + exchange.HeaderResponseHost + ", " + exchange.HeaderCreated + ", " +
		exchange.HeaderError + ", " + classic.HeaderGroup + ", " + urlcache.HeaderCacheStatus + ", Retry-After"
	// allowedHeaders are those of requests that web pages may not always send.
	allowedHeaders = "Authorization, Content-Type, Cache-Control, Pragma, X-Requested-With"
	anyMethods     = "GET, HEAD, POST, PUT, PATCH, DELETE"
	// preflightAge is for how long, in seconds, a browser need not ask again.
	preflightAge = "600"
)

// originOf returns nil if the header is missing or there twice.
func originOf(x *exchange.Exchange) []byte {
	if all := x.Ctx.Request.Header.PeekAll("Origin"); len(all) == 1 {
		return all[0]
	}
	return nil
}

func (s *Server) share(x *exchange.Exchange) {
	if r := s.routes[string(x.Ctx.Path())]; r != nil && r.unshared {
		return
	}
	h := &x.Ctx.Response.Header
	if x.Node.Access.Origins.Any {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Add("Vary", "Origin") // whatever is answered: a cache must not give it to another page
		origin := originOf(x)
		if !x.Node.Access.Origins.Allow(origin) {
			return
		}
		h.SetBytesV("Access-Control-Allow-Origin", origin)
	}
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
}

// asksFirst tells whether the request is a browser's preflight.
func asksFirst(x *exchange.Exchange) bool {
	h := &x.Ctx.Request.Header
	return h.IsOptions() && len(h.Peek("Access-Control-Request-Method")) > 0 && len(h.PeekAll("Origin")) > 0
}

// permit answers a preflight.
func permit(x *exchange.Exchange, r *route) {
	if !x.Node.Access.Origins.Allow(originOf(x)) {
		x.Refuse(fault.Refusal{Status: 403, Reason: "this origin may not read answers; the option Access_Control_Allow_Origin names those that may"})
		return
	}
	methods := r.methods
	if methods == "" {
		methods = anyMethods
	}
	h := &x.Ctx.Response.Header
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", preflightAge)
	x.Ctx.SetStatusCode(http.StatusNoContent)
}
