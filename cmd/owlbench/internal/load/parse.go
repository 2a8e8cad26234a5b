package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxBody bounds what a Content-Length may announce.
const maxBody = 1 << 30

var (
	errNotHTTP  = errors.New("answer is not HTTP/1.1")
	errFraming  = errors.New("answer has no usable Content-Length")
	errNoLine   = errors.New("answer has no line end")
	errNoStatus = errors.New("envelope has no status")
	errNotRESP  = errors.New("answer is not RESP")
)

// Response is one answer. Its slices point into the buffer that was parsed.
type Response struct {
	Status int
	Body   []byte
	header []byte // header lines, each ended by CRLF
}

// A Parser parses the answer at the start of b and returns its length in bytes,
// or 0 when b does not hold all of it yet.
type Parser func(b []byte) (Response, int, error)

// ParseHTTP takes just enough of HTTP/1.1 for answers of a cache: a body is
// framed by Content-Length or absent.
func ParseHTTP(b []byte) (Response, int, error) {
	if len(b) > 0 && b[0] != 'H' {
		return Response{}, 0, errNotHTTP
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return Response{}, 0, nil
	}
	line, header, _ := bytes.Cut(b[:end+2], []byte("\r\n"))
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) || len(line) > 12 && line[12] != ' ' {
		return Response{}, 0, errNotHTTP
	}
	status, ok := parseNumber(line[9:12])
	if !ok || status < 100 {
		return Response{}, 0, errNotHTTP
	}
	size, err := bodySize(status, header)
	if err != nil {
		return Response{}, 0, err
	}
	total := end + 4 + size
	if len(b) < total {
		return Response{}, 0, nil
	}
	return Response{Status: status, Body: b[end+4 : total], header: header}, total, nil
}

func bodySize(status int, header []byte) (int, error) {
	if status == 204 || status == 304 || status < 200 {
		return 0, nil
	}
	value, ok := headerValue(header, "Content-Length")
	if !ok {
		return 0, errFraming
	}
	size, ok := parseNumber(value)
	if !ok || size > maxBody {
		return 0, fmt.Errorf("%w: %q", errFraming, value)
	}
	return size, nil
}

// headerValue returns the value of the first header line of that name.
func headerValue(header []byte, name string) ([]byte, bool) {
	for line := range bytes.Lines(header) {
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:]), true
		}
	}
	return nil, false
}

func parseNumber(b []byte) (int, bool) {
	n, err := strconv.ParseUint(string(b), 10, 31)
	return int(n), err == nil
}

// parseLine parses the line protocol of owlcache: an envelope has its status, any
// other line is a value and has status 200.
func parseLine(b []byte) (Response, int, error) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) > maxBody {
			return Response{}, 0, errNoLine
		}
		return Response{}, 0, nil
	}
	line := b[:end]
	if !bytes.HasPrefix(line, []byte(`{"Cmd":"`)) {
		return Response{Status: 200, Body: line}, end + 1, nil
	}
	_, rest, _ := bytes.Cut(line, []byte(`,"Status":`))
	status, ok := parseNumber(rest[:min(3, len(rest))])
	if !ok {
		return Response{}, 0, errNoStatus
	}
	return Response{Status: status, Body: line}, end + 1, nil
}

// ParseRESP is ParseHTTP for Redis' own protocol, as far as answers to SET,
// GET, PING and SHUTDOWN go: a simple string has status 200, a bulk string 200
// with its bytes, a null bulk string 404, an error 500 with its text.
func ParseRESP(b []byte) (Response, int, error) {
	end := bytes.Index(b, []byte("\r\n"))
	if end < 0 {
		if len(b) > 64<<10 {
			return Response{}, 0, errNotRESP
		}
		return Response{}, 0, nil
	}
	if end == 0 {
		return Response{}, 0, errNotRESP
	}
	line, start := b[1:end], end+2
	switch {
	case b[0] == '+':
		return Response{Status: 200, Body: line}, start, nil
	case b[0] == '-':
		return Response{Status: 500, Body: line}, start, nil
	case b[0] != '$':
		return Response{}, 0, fmt.Errorf("%w: %.40q", errNotRESP, b)
	case string(line) == "-1":
		return Response{Status: 404}, start, nil
	}
	size, ok := parseNumber(line)
	if !ok || size > maxBody {
		return Response{}, 0, errNotRESP
	}
	total := start + size + 2
	if len(b) < total {
		return Response{}, 0, nil
	}
	return Response{Status: 200, Body: b[start : total-2]}, total, nil
}
