package urlcache

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/node"
)

const (
	maxRedirects   = 5
	maxHeaderBytes = 64 << 10 // of an origin's answer
	maxIdleConns   = 16       // kept to one origin
	maxTypeSize    = 255      // bytes of a content type
	idleTime       = 60 * time.Second
)

type client struct {
	Site
	index     int
	origins   map[Origin]struct{} // of all sites: where redirects may lead
	transport *http.Transport
	userAgent string
	slots     chan struct{} // holds one for each request at this moment
	health    health
}

func (c *Cache) newClients(sites []Site) []*client {
	origins, addrs := map[Origin]struct{}{}, map[string]struct{}{}
	for i := range sites {
		origins[sites[i].Origin] = struct{}{}
		addrs[sites[i].Origin.addr()] = struct{}{}
	}
	clients := make([]*client, len(sites))
	for i := range sites {
		clients[i] = &client{
			Site: sites[i], index: i, origins: origins, transport: c.newTransport(&sites[i], addrs),
			userAgent: c.opts.UserAgent, slots: make(chan struct{}, c.opts.maxSiteFetches()),
		}
	}
	return clients
}

// newTransport connects to addrs, or only to the site's proxy. What the environment says of proxies does
// not count.
func (c *Cache) newTransport(s *Site, addrs map[string]struct{}) *http.Transport {
	d := &dialer{network: c.opts.network, allowed: addrs, timeout: s.Timeout, running: c.running, begin: c.begin, end: c.tasks.Done}
	t := &http.Transport{
		DialContext:            d.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    s.Timeout,
		MaxIdleConnsPerHost:    maxIdleConns,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	if c.opts.TLS != nil {
		t.TLSClientConfig = c.opts.TLS.Clone()
	}
	if s.Proxy != "" {
		d.allowed = map[string]struct{}{s.Proxy: {}}
		t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: s.Proxy})
	}
	return t
}

// open follows redirects. header is forwarded. The answer has status 200 and the resource as its body.
func (c *client) open(ctx context.Context, u *url.URL, header http.Header) (*http.Response, *Error) {
	for hops := 0; ; hops++ {
		resp, err := c.transport.RoundTrip(c.request(ctx, u, header))
		if err != nil {
			return nil, c.broken(ctx, err)
		}
		if resp.StatusCode == http.StatusOK && !isCoded(resp) {
			return resp, nil
		}
		next, fail := c.redirect(u, resp, hops)
		_ = resp.Body.Close() // what else it says does not matter
		if fail != nil {
			return nil, fail
		}
		if knownOrigin(u) != knownOrigin(next) {
			header = nil // what was meant for one host is not for another
		}
		u = next
	}
}

func (c *client) request(ctx context.Context, u *url.URL, header http.Header) *http.Request {
	r := &http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	r.Header.Set("User-Agent", c.userAgent)
	maps.Copy(r.Header, header)
	r.Header.Set("Accept-Encoding", "identity") // the transport would ask for gzip otherwise
	return r.WithContext(ctx)
}

// redirect returns where an answer leads whose body is not the resource.
func (c *client) redirect(from *url.URL, resp *http.Response, hops int) (*url.URL, *Error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil, failure(KindEncoding, "the origin compressed its answer without being asked: switch that off there")
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		fail := failure(KindStatus, "the origin answered status %d", resp.StatusCode)
		fail.origin = resp.StatusCode
		return nil, fail
	}
	if hops == maxRedirects {
		return nil, failure(KindRedirect, "the origin redirects more than %d times", maxRedirects)
	}
	// Location's errors quote the URL: they are not shown.
	to, err := from.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return nil, failure(KindRedirect, "the origin redirects to what is no URL")
	}
	origin, err := originOf(to)
	if _, ok := c.origins[origin]; err != nil || to.User != nil || to.Opaque != "" || !ok {
		return nil, failure(KindRedirect, "the origin redirects to a host that is no site's")
	}
	to.Scheme, to.Host, to.Fragment, to.RawFragment = origin.Scheme, origin.urlHost(), "", ""
	return to, nil
}

func knownOrigin(u *url.URL) Origin {
	o, _ := originOf(u)
	return o
}

func isCoded(resp *http.Response) bool {
	for _, coding := range resp.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

func (c *client) broken(ctx context.Context, err error) *Error {
	switch {
	case errors.Is(context.Cause(ctx), errStopping):
		return failure(KindStopping, "the node stops")
	case ctx.Err() != nil, conn.IsTimeout(err):
		return failure(KindTimeout, "the origin did not answer within %v", c.Timeout).because(err)
	case isUnreachable(err):
		return failure(KindConnect, "the origin cannot be reached").because(err)
	}
	return failure(KindAnswer, "the origin's answer is cut off or not valid").because(err)
}

func isUnreachable(err error) bool {
	op, ofConn := errors.AsType[*net.OpError](err)
	_, noName := errors.AsType[*net.DNSError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return errors.Is(err, errNotConfigured) || errors.Is(err, errNoAddress) || noName || unverified || noTLS || alert ||
		ofConn && (op.Op == "dial" || op.Op == "proxyconnect")
}

// passable returns "" for a content type that may not be sent to clients.
func passable(t string) string {
	if len(t) > maxTypeSize || strings.ContainsFunc(t, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return ""
	}
	return t
}

// readBody returns also how much memory the caller has to give back, even with an error. Memory is taken
// as the bytes arrive, not as they are announced.
func (c *Cache) readBody(ctx context.Context, s *client, resp *http.Response) (body []byte, taken int64, fail *Error) {
	limit := c.opts.MaxValueSize
	if resp.ContentLength > int64(limit) {
		return nil, 0, bodyTooLarge(limit)
	}
	for {
		if len(body) == cap(body) {
			if body, fail = c.grow(ctx, body, resp.ContentLength, &taken); fail != nil {
				return nil, taken, fail
			}
		}
		n, err := resp.Body.Read(body[len(body):cap(body)])
		c.counts.bytes.Add(uint64(n))
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, taken, bodyTooLarge(limit)
		case errors.Is(err, io.EOF): // one that comes early is another error
			return body, taken, nil
		case err != nil:
			return nil, taken, s.broken(ctx, err)
		}
	}
}

func bodyTooLarge(limit int) *Error {
	return failure(KindTooLarge, "the origin's answer is larger than any value, %d bytes", limit)
}

// grow makes room for more of a body of length bytes, -1 = unknown, and one more: so the end is seen.
func (c *Cache) grow(ctx context.Context, body []byte, length int64, taken *int64) ([]byte, *Error) {
	most := int64(c.opts.MaxValueSize) + 1
	if length >= 0 {
		most = length + 1
	}
	size := max(min(max(2*int64(cap(body)), 4<<10), most), int64(cap(body))+1)
	if size > node.KeepBuffer {
		need := min(size, c.memory.Size) - *taken // one body may have it all
		if need > 0 && c.memory.TakeSoon(ctx, need) == 0 {
			return nil, failure(KindMemory, "too many large answers of origins at once")
		}
		*taken += max(need, 0)
	}
	bigger := make([]byte, len(body), size)
	copy(bigger, body)
	return bigger, nil
}
