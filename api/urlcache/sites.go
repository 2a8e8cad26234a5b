package urlcache

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"owlcache/engine/datadir"
)

// FileError is something that is wrong in a site file, or unwise. Line and Column count from 1,
// the column in bytes; both are 0 where the file as a whole is meant.
type FileError struct {
	Path         string
	Line, Column int
	Err          error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.Path, e.Line, e.Column, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

var errFileSize = fmt.Errorf("larger than %d bytes", MaxFileSize)

// ReadSites reads the site file at path; see ParseSites.
func ReadSites(path string, maxValueSize int) (sites []Site, warnings []error, err error) {
	content, err := readSiteFile(path)
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		err = pe.Err // FileError names the path
	}
	if err != nil {
		return nil, nil, &FileError{Path: path, Err: err}
	}
	return ParseSites(path, content, maxValueSize)
}

func readSiteFile(path string) ([]byte, error) {
	f, err := datadir.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, MaxFileSize+1))
}

// ParseSites reads a site file:
//
//	<?xml version='1.0' encoding='UTF-8'?>
//	<sites>
//	  <site>
//	    <host>http://127.0.0.1:8000</host>             required; may have a path, which the key is added to
//	    <header><value>User-Agent</value></header>     request headers that are forwarded
//	    <max_storage_limit>5242880</max_storage_limit> bytes
//	    <check_token>0</check_token>                   0 or 1
//	    <key_expire>3</key_expire>                     s, 0 = never
//	    <stale_on_error>0</stale_on_error>             s, 0 = off
//	    <timeout>5000</timeout>                        ms
//	    <proxy></proxy>                                HOST:PORT
//	  </site>
//	</sites>
//
// The elements of a site may come in any order; one that is empty or missing has its default.
// All that is wrong is returned at once, each a *FileError with its place; path only names the
// file. warnings are what is right and not what it looks like, of the same type. A body above maxValueSize
// bytes cannot be stored.
func ParseSites(path string, content []byte, maxValueSize int) (sites []Site, warnings []error, err error) {
	if len(content) > MaxFileSize {
		return nil, nil, &FileError{Path: path, Err: errFileSize}
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	p := &siteParser{path: path, xml: xml.NewDecoder(bytes.NewReader(content)), maxValueSize: maxValueSize}
	p.xml.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errCharset }
	p.document()
	if len(p.faults) > 0 {
		return nil, nil, errors.Join(p.faults...)
	}
	return p.sites, p.warnings, nil
}

var errCharset = errors.New("want the encoding UTF-8")

// siteParser reads on after a mistake that is not about syntax.
type siteParser struct {
	path         string
	xml          *xml.Decoder
	maxValueSize int
	sites        []Site
	faults       []error
	warnings     []error
}

type place struct{ line, column int }

func (p *siteParser) here() place {
	line, column := p.xml.InputPos()
	return place{line, column}
}

func (p *siteParser) fault(at place, format string, args ...any) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, &FileError{p.path, at.line, at.column, fmt.Errorf(format, args...)})
	}
}

func (p *siteParser) warn(at place, format string, args ...any) {
	if len(p.warnings) < maxFaults {
		p.warnings = append(p.warnings, &FileError{p.path, at.line, at.column, fmt.Errorf(format, args...)})
	}
}

func (p *siteParser) document() {
	roots := 0
	err := p.children(func(name string, at place) error {
		if roots++; name != "sites" || roots > 1 {
			p.fault(at, "<%s>: want one element <sites> and nothing else", clip(name))
			return p.xml.Skip()
		}
		return p.children(p.site)
	})
	switch {
	case !errors.Is(err, io.EOF):
		p.fault(p.here(), "%w", syntaxOf(err))
	case len(p.faults) == 0 && len(p.sites) == 0:
		p.fault(place{}, "want at least one <site> in <sites>")
	}
}

// syntaxOf leaves out the line that the error is placed at.
func syntaxOf(err error) error {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return errors.New("not valid XML: " + syntax.Msg)
	}
	if errors.Is(err, errCharset) {
		return errCharset
	}
	return err
}

// children calls f for each element up to the end of the one that was begun, or of the file, which is
// io.EOF. f reads its element to its end. Nothing else may stand there.
func (p *siteParser) children(f func(name string, at place) error) error {
	for {
		at := p.here()
		token, err := p.xml.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			p.attributes(&t, at)
			if err := f(t.Name.Local, at); err != nil {
				return err
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				p.fault(at, "text outside of an element: %q", clip(string(bytes.TrimSpace(t))))
			}
		default:
			p.markup(token, at)
		}
	}
}

func (p *siteParser) attributes(t *xml.StartElement, at place) {
	if t.Name.Space != "" {
		p.fault(at, "<%s>: want elements without a namespace", clip(t.Name.Local))
	}
	if len(t.Attr) > 0 {
		p.fault(at, "<%s>: want no attributes, it has %s", clip(t.Name.Local), clip(t.Attr[0].Name.Local))
	}
}

// A document type could define entities.
func (p *siteParser) markup(token xml.Token, at place) {
	switch t := token.(type) {
	case xml.Directive:
		p.fault(at, "<!…>: want no document type")
	case xml.ProcInst:
		if t.Target != "xml" {
			p.fault(at, "<?%s: want no processing instructions", clip(t.Target))
		}
	}
}

func (p *siteParser) text(name string) (string, error) {
	var b strings.Builder
	for {
		at := p.here()
		token, err := p.xml.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return strings.TrimSpace(b.String()), nil
		case xml.CharData:
			b.Write(t)
		case xml.StartElement:
			p.fault(at, "<%s>: want text, it has an element <%s>", name, clip(t.Name.Local))
			if err := p.xml.Skip(); err != nil {
				return "", err
			}
		default:
			p.markup(token, at)
		}
	}
}

func clip(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

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
