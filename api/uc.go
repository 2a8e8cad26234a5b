package api

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"owlcache/api/urlcache"
	"owlcache/engine"
)

// ucName is what get on /uc/ is counted and logged as.
const ucName = "uc_get"

const (
	// ucTries is how often a key is looked for whose value comes and goes.
	ucTries = 3
	// headerCacheStatus says how the URL cache handled a request, see RFC 9211.
	headerCacheStatus = "Cache-Status"
)

// newUCCommand returns the one command of /uc/, with a number among all commands.
func newUCCommand(index int) *command {
	return &command{name: ucName, access: accessPublic, raw: true, keyed: true, run: runUCGet, index: index}
}

// serveUC serves /uc/.
func serveUC(x *exchange) {
	store, ok := x.enterUC()
	if !ok {
		return
	}
	paramErr := x.readParams()
	x.cmd = x.srv.unknown
	if string(x.params.cmd) == "get" {
		x.cmd = x.srv.ucGet
	}
	if err := x.run(store, paramErr); err != nil {
		x.fail(err)
	}
}

// serveUCEasy serves a path that is no other route's: path and query are the key.
func serveUCEasy(x *exchange) {
	store, ok := x.enterUC()
	if !ok {
		return
	}
	x.params.key, x.params.token, x.params.owlToken = easyKey(x.ctx.Request.Header.RequestURI())
	x.cmd = x.srv.ucGet
	if err := x.run(store, nil); err != nil {
		x.fail(err)
	}
}

// enterUC returns the store, or answers that there is nothing to be had.
func (x *exchange) enterUC() (Store, bool) {
	if x.srv.opts.URLCache == nil {
		x.refuse(refusal{status: 404, reason: "the URL cache is switched off; the option Open_Urlcache switches it on"})
		return nil, false
	}
	// What comes from elsewhere is what its origin says it is, or nothing.
	x.ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	store := x.srv.gate.wait()
	if store == nil {
		x.refuse(refusal{status: 503, reason: x.srv.notServing(), retryAfter: 1})
		return nil, false
	}
	return store, true
}

// easyKey takes the request's target apart: the key is the target as it was sent, without
// the parameters that are this node's own. With owl_token there, token is the origin's.
func easyKey(target []byte) (key, token, owlToken []byte) {
	path, query, ok := bytes.Cut(target, []byte("?"))
	key = bytes.Clone(path)
	if !ok {
		return key, nil, nil
	}
	var ps params
	_ = ps.parseForm(bytes.Clone(query)) // what is broken is left in the key, which is refused for it
	var kept [][]byte
	for pair := range bytes.SplitSeq(query, []byte("&")) {
		if !isOwn(pair, ps.seen[paramOwlToken]) {
			kept = append(kept, pair)
		}
	}
	if len(kept) > 0 {
		key = append(append(key, '?'), bytes.Join(kept, []byte("&"))...)
	}
	if ps.seen[paramOwlToken] {
		ps.token = nil
	}
	return key, ps.token, ps.owlToken
}

// isOwn tells whether a parameter of a query is this node's own.
func isOwn(pair []byte, hasOwlToken bool) bool {
	name, _, _ := bytes.Cut(pair, []byte("="))
	name, ok := unescape(bytes.Clone(name))
	return ok && (string(name) == "owl_token" || string(name) == "token" && !hasOwlToken)
}

// runUCGet answers the value of key, fetched from an origin if the store holds none.
func runUCGet(x *exchange, store Store) error {
	site, err := parseSite(x.params.site)
	if err != nil {
		return err
	}
	for range ucTries {
		meta, err := x.answerStored(store)
		if err == nil {
			x.setOrigin(x.srv.opts.URLCache.ContentType(store, x.params.key, meta.Created), "owlcache; hit")
		}
		if !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		answer, err := x.srv.opts.URLCache.Fetch(urlcache.Request{
			Store: store, Key: x.params.key, Site: site, Header: x.forwardable, Authorised: x.authorised,
		})
		if err == nil {
			return x.answerFetched(answer)
		}
		if !errors.Is(err, urlcache.ErrStored) {
			return ucRefusal(err)
		}
	}
	return engine.ErrNotFound
}

// parseSite reads uc_site. One that is out of range, also of that of numbers, stands for the first
// site.
func parseSite(s []byte) (int, error) {
	n, err := strconv.Atoi(string(s))
	switch {
	case len(s) == 0, errors.Is(err, strconv.ErrRange):
		return 0, nil
	case err != nil:
		return 0, refusal{status: 400, reason: "uc_site: want the number of a site, 0 is the first"}
	}
	return n, nil
}

// answerFetched answers what an origin has sent. While it is on its way to the client, it takes
// memory for answers and none for bodies of origins: who reads slowly keeps nobody from asking
// them.
func (x *exchange) answerFetched(a *urlcache.Answer) error {
	defer a.Release()
	if len(a.Body) <= keepBuffer {
		x.ctx.SetBody(a.Body)
	} else {
		taken := x.srv.answers.takeSoon(int64(len(a.Body)))
		if taken == 0 {
			return refusal{status: 503, reason: errAnswersFull.Error(), retryAfter: 1}
		}
		x.stream(a.Body, taken)
	}
	x.setDataHeaders(a.Created)
	switch {
	case a.Stale:
		x.setError(a.Why.Error())
		x.setOrigin(a.ContentType, "owlcache; fwd=stale")
	case a.Created != 0:
		x.setOrigin(a.ContentType, "owlcache; fwd=miss; stored")
	default:
		x.setOrigin(a.ContentType, "owlcache; fwd=miss")
	}
	return nil
}

// setOrigin sets the headers that tell of the origin and of the way from there.
func (x *exchange) setOrigin(contentType, cacheStatus string) {
	if contentType == "" {
		contentType = typeRaw
	}
	x.ctx.SetContentType(contentType)
	x.ctx.Response.Header.Set(headerCacheStatus, cacheStatus)
}

// forwardable returns the values of a header of the request. A token of this node is none that
// an origin may see, whoever sends it: it may still be good for somebody else.
func (x *exchange) forwardable(name string) []string {
	var values []string
	for _, v := range x.ctx.Request.Header.PeekAll(name) {
		if !slices.ContainsFunc(bytes.Fields(v), x.srv.tokens.ours) {
			values = append(values, string(v))
		}
	}
	return values
}

// ucRefusal makes an answer of what kept a key from being fetched.
func ucRefusal(err error) error {
	fail, ok := errors.AsType[*urlcache.Error](err)
	if !ok {
		return err
	}
	r := refusal{status: fail.Status, reason: fail.Error()}
	if r.status == 503 {
		r.retryAfter = 1
	}
	return r
}
