package socket

import (
	"net/url"
	"strings"

	"owlcache/api/internal/exchange"
)

// Browsers let every page connect to every server, and say where the page comes from; other programs
// say nothing. A page may connect if CORS allows its origin, or to the host that it comes from, which
// must be one that is served: with DNS rebinding a page's own name points here as well.
func originAllowed(x *exchange.Exchange) bool {
	origins := x.Ctx.Request.Header.PeekAll("Origin")
	switch len(origins) {
	case 0:
		return true
	case 1:
		if cors := x.Node.Access.Origins; cors != nil && cors.Allow(origins[0]) {
			return true
		}
		host := x.Ctx.URI().Host()
		return len(host) > 0 && sameOrigin(string(origins[0]), string(host)) && x.HostAllowed()
	}
	return false
}

// sameOrigin tells whether a page of this origin, like https://host:port, comes from host.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	var standard string // port
	switch u.Scheme {
	case "http":
		standard = ":80"
	case "https":
		standard = ":443"
	default:
		return false
	}
	return strings.EqualFold(strings.TrimSuffix(u.Host, standard), strings.TrimSuffix(host, standard))
}
