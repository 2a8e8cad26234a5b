package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const (
	// exposedHeaders are the headers of answers that web pages may read, besides those
	// that they may always read.
	exposedHeaders = headerKey + ", " + headerResponseHost + ", " + headerCreated + ", " +
		headerError + ", " + headerGroup + ", " + headerCacheStatus + ", Retry-After"
	// allowedHeaders are the headers that requests of web pages may have, besides those
	// that they may always have.
	allowedHeaders = "Authorization, Content-Type, Cache-Control, Pragma, X-Requested-With"
	// anyMethods are the methods that web pages may use where all are taken.
	anyMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	// preflightAge is for how long, in seconds, a browser need not ask again.
	preflightAge = "600"
)

// cors says which web pages may read answers (cross-origin resource sharing), besides
// those of the node itself. Credentials are never allowed: no browser holds any for a
// node, as tokens travel in parameters or in Authorization.
type cors struct {
	any     bool
	origins map[string]struct{} // in the form in which browsers send them
}

// newCORS returns nil if there are no origins, which CheckOrigins has accepted.
func newCORS(origins []string) *cors {
	if len(origins) == 0 {
		return nil
	}
	c := &cors{origins: map[string]struct{}{}}
	for _, o := range origins {
		if o == "*" {
			c.any = true
			continue
		}
		sent, _ := browserOrigin(o)
		c.origins[sent] = struct{}{}
	}
	return c
}

// allows tells whether pages of this origin, as a browser sends it, may read answers.
func (c *cors) allows(origin []byte) bool {
	if c.any {
		return true
	}
	_, ok := c.origins[string(origin)]
	return ok
}

// CheckOrigins refuses a list for Options.AllowedOrigins that is neither only "*" nor a
// list of origins: scheme://host or scheme://host:port, without a path.
func CheckOrigins(list []string) error {
	for _, o := range list {
		if o == "*" && len(list) > 1 {
			return errors.New("* allows any origin: want it alone, or a list of origins without it")
		}
		if _, err := browserOrigin(o); o != "*" && err != nil {
			return err
		}
	}
	return nil
}

// browserOrigin returns an origin in the form in which browsers send it: lower case, and
// without the port that is usual for the scheme.
func browserOrigin(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || !isOriginHost(u.Hostname()) {
		return "", fmt.Errorf("origin %q: want scheme://host or scheme://host:port, like https://www.example.com, a host in other letters in its xn-- form, or * alone for any", s)
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") || strings.HasSuffix(u.Host, ":") {
		return "", fmt.Errorf("origin %q: want only scheme://host or scheme://host:port, without a slash at the end or anything behind it", s)
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host, nil
}

// isOriginHost tells whether host is what stands in an origin: a name or an address.
func isOriginHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	})
}

// origin returns where the page that sent the request comes from, nil if that is unknown
// or said twice.
func (x *exchange) origin() []byte {
	if all := x.ctx.Request.Header.PeekAll("Origin"); len(all) == 1 {
		return all[0]
	}
	return nil
}

// share lets pages of other origins read the answer, if they may.
func (x *exchange) share() {
	if r := x.srv.routes[string(x.ctx.Path())]; r != nil && r.unshared {
		return
	}
	h := &x.ctx.Response.Header
	if x.srv.cors.any {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Add("Vary", "Origin") // whatever is answered: a cache must not give it to another page
		origin := x.origin()
		if !x.srv.cors.allows(origin) {
			return
		}
		h.SetBytesV("Access-Control-Allow-Origin", origin)
	}
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
}

// asksFirst tells whether the request is a browser's question (preflight) whether it may
// send the real one.
func (x *exchange) asksFirst() bool {
	h := &x.ctx.Request.Header
	return h.IsOptions() && len(h.Peek("Access-Control-Request-Method")) > 0 && len(h.PeekAll("Origin")) > 0
}

// permit answers a browser that asks first.
func (x *exchange) permit(r *route) {
	if !x.srv.cors.allows(x.origin()) {
		x.refuse(refusal{status: 403, reason: "this origin may not read answers; the option Access_Control_Allow_Origin names those that may"})
		return
	}
	methods := r.methods
	if methods == "" {
		methods = anyMethods
	}
	h := &x.ctx.Response.Header
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", preflightAge)
	x.ctx.SetStatusCode(http.StatusNoContent)
}
