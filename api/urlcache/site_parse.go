package urlcache

import (
	"cmp"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (p *siteParser) site(name string, at place) error {
	if name != "site" {
		p.fault(at, "<%s>: want <site> in <sites>", clip(name))
		return p.xml.Skip()
	}
	e := siteElement{siteParser: p, seen: map[string]place{}, site: Site{MaxStored: 5 << 20, Timeout: 5 * time.Second}}
	if err := p.children(e.child); err != nil {
		return err
	}
	if _, ok := e.seen["host"]; !ok {
		p.fault(at, "<site>: it has no <host>")
	}
	e.finish()
	if len(p.sites) == MaxSites {
		p.fault(at, "<site>: more than %d sites", MaxSites)
		return nil
	}
	p.sites = append(p.sites, e.site)
	return nil
}

type siteElement struct {
	*siteParser
	site Site
	seen map[string]place // of its elements
}

func (e *siteElement) child(name string, at place) error {
	if first, twice := e.seen[name]; twice {
		e.fault(at, "<%s> is given twice, first on line %d", clip(name), first.line)
		return e.xml.Skip()
	}
	e.seen[name] = at
	switch name {
	case "header":
		return e.children(e.header)
	case "host", "proxy", "max_storage_limit", "check_token", "key_expire", "stale_on_error", "timeout":
		value, err := e.text(name)
		if err != nil {
			return err
		}
		if err := e.set(name, value); err != nil {
			e.fault(at, "<%s>: %w", name, err)
		}
		return nil
	}
	delete(e.seen, name)
	e.fault(at, "<%s>: no such element: want host, header, max_storage_limit, check_token, key_expire, stale_on_error, timeout or proxy", clip(name))
	return e.xml.Skip()
}

// set leaves the default for an empty text.
func (e *siteElement) set(name, value string) (err error) {
	s := &e.site
	switch {
	case name == "host":
		s.Origin, s.Prefix, err = parseHost(value)
	case value == "":
	case name == "proxy":
		s.Proxy, err = parseProxy(value)
	case name == "check_token":
		s.CheckToken = value == "1"
		if value != "0" && value != "1" {
			err = fmt.Errorf("want 0 (off) or 1 (on)")
		}
	case name == "max_storage_limit":
		n, fault := parseNumber(value, 1<<40, "bytes")
		s.MaxStored, err = cmp.Or(int(n), s.MaxStored), fault
	case name == "timeout":
		n, fault := parseNumber(value, maxTimeout, "ms")
		s.Timeout, err = cmp.Or(time.Duration(n)*time.Millisecond, s.Timeout), fault
	case name == "key_expire":
		s.KeyExpire, err = parseSeconds(value)
	case name == "stale_on_error":
		s.StaleOnError, err = parseSeconds(value)
	}
	return err
}

func parseSeconds(s string) (time.Duration, error) {
	n, err := parseNumber(s, maxSeconds, "s")
	return time.Duration(n) * time.Second, err
}

func parseNumber(s string, most int64, unit string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > most || s[0] == '+' || s[0] == '-' {
		return 0, fmt.Errorf("want a whole number from 0 to %d (%s)", most, unit)
	}
	return n, nil
}

// finish looks at what the elements mean together.
func (e *siteElement) finish() {
	s := &e.site
	if s.MaxStored > e.maxValueSize {
		if at, given := e.seen["max_storage_limit"]; given {
			e.warn(at, "<max_storage_limit>: larger than any value, %d bytes (MaxValueSize): that counts", e.maxValueSize)
		}
		s.MaxStored = e.maxValueSize
	}
	if s.StaleOnError > 0 && s.KeyExpire == 0 {
		e.warn(e.seen["stale_on_error"], "<stale_on_error>: without <key_expire> no key expires, so it has no effect")
		s.StaleOnError = 0
	}
}

func (e *siteElement) header(element string, at place) error {
	if element != "value" {
		e.fault(at, "<%s>: want <value> in <header>", clip(element))
		return e.xml.Skip()
	}
	name, err := e.text("value")
	if err != nil || name == "" {
		return err
	}
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	switch {
	case !isToken(name) || len(name) > maxHeaderName:
		e.fault(at, "<value>: %q is no name of a header", clip(name))
	case isHopByHop(canonical):
		e.fault(at, "<value>: %s belongs to one connection and is never forwarded: remove it", canonical)
	case isUnstorable(canonical):
		e.warn(at, "<value>: %s is not forwarded: it could make the origin answer something else than the whole body as it is", canonical)
	case slices.Contains(e.site.Headers, canonical):
	case len(e.site.Headers) == maxHeaders:
		e.fault(at, "<header>: more than %d names", maxHeaders)
	default:
		e.site.Headers = append(e.site.Headers, canonical)
	}
	return nil
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func isHopByHop(name string) bool {
	return slices.Contains([]string{
		"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
	}, name)
}

// isUnstorable names headers that ask for a part of the body, for none, or for a compressed one.
func isUnstorable(name string) bool {
	return slices.Contains([]string{
		"Accept-Encoding", "Expect", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Range",
	}, name)
}
