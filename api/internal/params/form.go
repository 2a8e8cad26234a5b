package params

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
)

// ParseForm reads the known parameters of a query or an urlencoded body. Values
// are decoded in place, so form is not what it was. It reads on after a broken
// pair, leaves that parameter empty, and returns the error.
func (ps *Params) ParseForm(form []byte) error {
	var broken error
	for len(form) > 0 {
		var pair []byte
		pair, form, _ = bytes.Cut(form, []byte("&"))
		if err := ps.parsePair(pair); err != nil {
			broken = err
		}
	}
	return broken
}

func (ps *Params) parsePair(pair []byte) error {
	name, value, _ := bytes.Cut(pair, []byte("="))
	name, ok := Unescape(name)
	if !ok {
		return ErrBadEscape
	}
	n, wanted := ps.wants(name)
	if !wanted {
		return nil
	}
	value, ok = Unescape(value)
	ps.set(n, value)
	if !ok {
		return ErrBadEscape
	}
	return nil
}

// Unescape decodes b in place: %XX is a byte and + a space.
func Unescape(b []byte) ([]byte, bool) {
	i := firstEscape(b)
	if i < 0 {
		return b, true
	}
	n := i
	for ; i < len(b); i++ {
		switch c := b[i]; c {
		case '+':
			b[n] = ' '
		case '%':
			if i+2 >= len(b) {
				return nil, false
			}
			hi, lo := unhex(b[i+1]), unhex(b[i+2])
			if hi > 15 || lo > 15 {
				return nil, false
			}
			b[n] = hi<<4 | lo
			i += 2
		default:
			b[n] = c
		}
		n++
	}
	return b[:n], true
}

func firstEscape(b []byte) int {
	percent := bytes.IndexByte(b, '%')
	if percent < 0 {
		return bytes.IndexByte(b, '+')
	}
	if plus := bytes.IndexByte(b[:percent], '+'); plus >= 0 {
		return plus
	}
	return percent
}

// unhex returns more than 15 for no digit.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// maxParts bounds the parts of a multipart form; there are fewer known parameters.
const maxParts = 256

// ParseMultipart reads the known fields and files of a form. The values are copied.
func (ps *Params) ParseMultipart(contentType string, body []byte) error {
	_, attrs, err := mime.ParseMediaType(contentType)
	if err != nil || attrs["boundary"] == "" {
		return ErrBadForm
	}
	r := multipart.NewReader(bytes.NewReader(body), attrs["boundary"])
	for range maxParts {
		// Raw: a value is taken as it is sent, whatever encoding its headers claim.
		part, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // a wrapped EOF says that the form ends early
			return nil
		}
		if err != nil {
			return ErrBadForm
		}
		n, wanted := ps.wants([]byte(part.FormName()))
		if !wanted {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return ErrBadForm
		}
		ps.set(n, value)
	}
	return ErrBadForm
}
