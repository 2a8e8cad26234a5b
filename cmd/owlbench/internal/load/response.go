package load

import (
	"bytes"
	"errors"
	"fmt"
)

// The parser takes just enough of HTTP/1.1 for answers of a cache: a body is
// framed by Content-Length or absent.

// maxBody bounds what a Content-Length may announce.
const maxBody = 1 << 30

var (
	errNotHTTP = errors.New("answer is not HTTP/1.1")
	errFraming = errors.New("answer has no usable Content-Length")
)

// response is one answer. Its slices point into the buffer that was parsed.
type response struct {
	Status int
	header []byte // header lines, each ended by CRLF
	Body   []byte
}

// ParseHTTP parses the answer at the start of b and returns its length in
// bytes, or 0 when b does not hold all of it yet.
func ParseHTTP(b []byte) (response, int, error) {
	if len(b) > 0 && b[0] != 'H' {
		return response{}, 0, errNotHTTP
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return response{}, 0, nil
	}
	status, header, err := splitHead(b[:end+2])
	if err != nil {
		return response{}, 0, err
	}
	size, err := bodySize(status, header)
	if err != nil {
		return response{}, 0, err
	}
	total := end + 4 + size
	if len(b) < total {
		return response{}, 0, nil
	}
	return response{Status: status, header: header, Body: b[end+4 : total]}, total, nil
}

// splitHead parses the status line and returns the header lines behind it.
func splitHead(head []byte) (status int, header []byte, err error) {
	line, header, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, errNotHTTP
	}
	status, ok := parseNumber(line[9:12])
	if !ok || status < 100 || len(line) > 12 && line[12] != ' ' {
		return 0, nil, errNotHTTP
	}
	return status, header, nil
}

// bodySize returns the length of the body that the header announces.
func bodySize(status int, header []byte) (int, error) {
	if status == 204 || status == 304 || status < 200 {
		return 0, nil
	}
	value, ok := headerValue(header, "content-length")
	if !ok {
		return 0, errFraming
	}
	size, ok := parseNumber(value)
	if !ok || size > maxBody {
		return 0, fmt.Errorf("%w: %q", errFraming, value)
	}
	return size, nil
}

// headerValue returns the value of the first header line of that name, which is
// given in lower case.
func headerValue(header []byte, name string) ([]byte, bool) {
	for len(header) > 0 {
		line := header
		if end := bytes.IndexByte(header, '\n'); end >= 0 {
			line, header = header[:end], header[end+1:]
		} else {
			header = nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && equalFold(line[:len(name)], name) {
			return bytes.TrimSpace(line[len(name)+1:]), true
		}
	}
	return nil, false
}

// equalFold compares ASCII letters without their case; lower has none in upper
// case.
func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// parseNumber parses up to ten decimal digits.
func parseNumber(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 10 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
