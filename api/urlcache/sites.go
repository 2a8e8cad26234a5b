package urlcache

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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
