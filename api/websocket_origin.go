package api

import (
	"net/url"
	"strings"
)

// originAllowed tells whether the request may open a WebSocket. Browsers let every
// page connect to every server, and say where the page comes from; other programs say
// nothing. A page may connect if CORS allows its origin, or to the host that it comes
// from. That host must be one that is served: a page whose own name is made to point here
// (DNS rebinding) comes from the host that it connects to as well.
func (x *exchange) originAllowed() bool {
	origins := x.ctx.Request.Header.PeekAll("Origin")
	switch len(origins) {
	case 0:
		return true
	case 1:
		if x.srv.cors != nil && x.srv.cors.allows(origins[0]) {
			return true
		}
		host := x.ctx.URI().Host()
		return len(host) > 0 && sameOrigin(string(origins[0]), string(host)) && x.hostAllowed()
	}
	return false
}

// sameOrigin tells whether a page of this origin, like https://host:port, comes from
// host, which may have a port.
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
