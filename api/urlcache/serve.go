package urlcache

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"

	"owlcache/api/access"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

const (
	// maxTries is how often a key is looked for whose value comes and goes.
	maxTries = 3
	// HeaderCacheStatus says how the URL cache handled a request, see RFC 9211.
	HeaderCacheStatus = "Cache-Status"
)

// Server serves a Cache over HTTP.
type Server struct {
	cache        *Cache // nil: it is switched off
	get, unknown *exchange.Command
}

// NewServer serves c; nil: there is none. unknown runs in place of commands that do not exist.
func NewServer(c *Cache, unknown *exchange.Command) *Server {
	s := &Server{cache: c, unknown: unknown}
	s.get = &exchange.Command{Name: "uc_get", Access: access.Public, Raw: true, Keyed: true, Run: s.runGet}
	return s
}

// Commands returns all commands.
func (s *Server) Commands() []*exchange.Command { return []*exchange.Command{s.get} }

// Check refuses requests where there is no cache.
func (s *Server) Check(x *exchange.Exchange) error {
	if s.cache == nil {
		return fault.Refusal{Status: 404, Reason: "the URL cache is switched off; the option Open_Urlcache switches it on"}
	}
	// What comes from elsewhere is what its origin says it is, or nothing.
	x.Ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	return nil
}

// Serve serves /uc/.
func (s *Server) Serve(x *exchange.Exchange, store node.Store) {
	paramErr := x.ReadParams()
	c := s.unknown
	if string(x.Params[params.Cmd]) == "get" {
		c = s.get
	}
	x.Run(c, store, paramErr)
}

// ServeEasy serves a path that is no other route's: path and query are the key.
func (s *Server) ServeEasy(x *exchange.Exchange, store node.Store) {
	x.Params[params.Key], x.Params[params.Token], x.Params[params.OwlToken] = easyKey(x.Ctx.Request.Header.RequestURI())
	x.Run(s.get, store, nil)
}

// easyKey takes the key as it was sent, without this node's own parameters. With owl_token there, token
// is the origin's.
func easyKey(target []byte) (key, token, owlToken []byte) {
	path, query, ok := bytes.Cut(target, []byte("?"))
	key = bytes.Clone(path)
	if !ok {
		return key, nil, nil
	}
	var ps params.Params
	_ = ps.ParseForm(bytes.Clone(query)) // what is broken is left in the key, which is refused for it
	var kept [][]byte
	for pair := range bytes.SplitSeq(query, []byte("&")) {
		if !isOwn(pair, ps[params.OwlToken] != nil) {
			kept = append(kept, pair)
		}
	}
	if len(kept) > 0 {
		key = append(append(key, '?'), bytes.Join(kept, []byte("&"))...)
	}
	if ps[params.OwlToken] != nil {
		ps[params.Token] = nil
	}
	return key, ps[params.Token], ps[params.OwlToken]
}

func isOwn(pair []byte, hasOwlToken bool) bool {
	name, _, _ := bytes.Cut(pair, []byte("="))
	name, ok := params.Unescape(bytes.Clone(name))
	return ok && (string(name) == "owl_token" || string(name) == "token" && !hasOwlToken)
}

func (s *Server) runGet(x *exchange.Exchange, store node.Store) error {
	site, err := parseSite(x.Params[params.Site])
	if err != nil {
		return err
	}
	for range maxTries {
		meta, err := x.Stored(store)
		if err == nil {
			setOrigin(x, s.cache.ContentType(store, x.Params[params.Key], meta.Created), "owlcache; hit")
		}
		if !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		answer, err := s.cache.Fetch(Request{
			Store: store, Key: x.Params[params.Key], Site: site, Authorised: x.Authorised,
			Header: func(name string) []string { return forwardable(x, name) },
		})
		if err == nil {
			return answerFetched(x, answer)
		}
		if !errors.Is(err, ErrStored) {
			return refusal(err)
		}
	}
	return engine.ErrNotFound
}

// parseSite takes a number that is out of range for the first site.
func parseSite(s []byte) (int, error) {
	n, err := strconv.Atoi(string(s))
	switch {
	case len(s) == 0, errors.Is(err, strconv.ErrRange):
		return 0, nil
	case err != nil:
		return 0, fault.Refusal{Status: 400, Reason: "uc_site: want the number of a site, 0 is the first"}
	}
	return n, nil
}

// answerFetched takes memory for answers, and none for bodies of origins while it is on its way: who reads
// slowly keeps nobody from asking them.
func answerFetched(x *exchange.Exchange, a *Answer) error {
	defer a.Release()
	if err := x.Value(a.Body, a.Created); err != nil {
		return err
	}
	switch {
	case a.Stale:
		x.SetError(a.Why.Error())
		setOrigin(x, a.ContentType, "owlcache; fwd=stale")
	case a.Created != 0:
		setOrigin(x, a.ContentType, "owlcache; fwd=miss; stored")
	default:
		setOrigin(x, a.ContentType, "owlcache; fwd=miss")
	}
	return nil
}

func setOrigin(x *exchange.Exchange, contentType, cacheStatus string) {
	x.Ctx.SetContentType(cmp.Or(contentType, exchange.TypeRaw))
	x.Ctx.Response.Header.Set(HeaderCacheStatus, cacheStatus)
}

// A token of this node is none that an origin may see, whoever sends it: it may still be good for
// somebody else.
func forwardable(x *exchange.Exchange, name string) []string {
	var values []string
	for _, v := range x.Ctx.Request.Header.PeekAll(name) {
		if !slices.ContainsFunc(bytes.Fields(v), x.Node.Access.Signed) {
			values = append(values, string(v))
		}
	}
	return values
}

func refusal(err error) error {
	fail, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	r := fault.Refusal{Status: fail.Status, Reason: fail.Error()}
	if r.Status == 503 {
		r.RetryAfter = 1
	}
	return r
}
