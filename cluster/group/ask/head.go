package ask

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxHead is the size in bytes of the largest head that is read: an echoed key of the
// largest size, percent-encoded, and room for the other headers.
const maxHead = 64 << 10

// Returned for what is no answer of a node.
var (
	errNoHTTP   = errors.New("the answer is not HTTP")
	errHeadSize = errors.New("the headers of the answer are too large")
	errFraming  = errors.New("the answer does not say properly how long it is")
	errEncoding = errors.New("the answer is in an encoding that was not asked for")
)

// httpHead is what is needed of the status line and the headers of an answer.
type httpHead struct {
	status  int
	length  int64 // of the body, -1: not given
	chunked bool
	close   bool // the connection ends with this answer
	created time.Time
	node    bool // there is a Keycreatetime, which every answer of a node has
	dated   bool // it is created
}

// readHead reads the status line and the headers of an answer. It returns io.EOF if the
// connection has ended before its first byte.
func readHead(r *bufio.Reader) (httpHead, error) {
	h := httpHead{length: -1}
	left := maxHead
	line, err := readLine(r, &left)
	if err != nil {
		return h, err
	}
	if err := h.parseStatus(line); err != nil {
		return h, err
	}
	for {
		line, err := readLine(r, &left)
		switch {
		case errors.Is(err, io.EOF):
			return h, io.ErrUnexpectedEOF
		case err != nil:
			return h, err
		case len(line) == 0:
			return h, h.check()
		}
		if err := h.parseHeader(line); err != nil {
			return h, err
		}
	}
}

// readLine returns a line without its end, or the beginning of one that is longer than
// the buffer of r: only an echoed key is. It lowers left by the bytes it reads.
func readLine(r *bufio.Reader, left *int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	*left -= len(line)
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line) // reading on overwrites it
		for errors.Is(err, bufio.ErrBufferFull) && *left > 0 {
			var more []byte
			more, err = r.ReadSlice('\n')
			*left -= len(more)
		}
	}
	switch {
	case *left < 0 || errors.Is(err, bufio.ErrBufferFull):
		return nil, errHeadSize
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// parseStatus reads a line like "HTTP/1.1 200 OK".
func (h *httpHead) parseStatus(line []byte) error {
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/1."))
	if !ok || len(rest) < len("1 200") || (rest[0] != '0' && rest[0] != '1') || rest[1] != ' ' {
		return errNoHTTP
	}
	if len(rest) > len("1 200") && rest[5] != ' ' {
		return errNoHTTP
	}
	status, err := strconv.ParseUint(string(rest[2:5]), 10, 16)
	if err != nil || status < 100 {
		return errNoHTTP
	}
	h.status = int(status)
	h.close = rest[0] == '0'
	return nil
}

// parseHeader takes what is needed from a header line.
func (h *httpHead) parseHeader(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || name[0] == ' ' || name[0] == '\t' {
		return errNoHTTP
	}
	value = bytes.Trim(value, " \t")
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseUint(string(value), 10, 63)
		if err != nil || h.length >= 0 && h.length != int64(n) {
			return errFraming
		}
		h.length = int64(n)
	case is(name, "Transfer-Encoding"):
		if h.chunked || !is(value, "chunked") {
			return errFraming
		}
		h.chunked = true
	case is(name, "Content-Encoding"):
		if !is(value, "identity") {
			return errEncoding
		}
	case is(name, "Connection"):
		for token := range strings.SplitSeq(string(value), ",") {
			h.close = h.close || strings.EqualFold(strings.TrimSpace(token), "close")
		}
	case is(name, "Keycreatetime"):
		t, err := parseKeyTime(value)
		h.created, h.dated, h.node = t, err == nil, true
	}
	return nil
}

func is(b []byte, word string) bool {
	return len(b) == len(word) && strings.EqualFold(string(b), word)
}

// check refuses a head that leaves open where the body ends. A body may not end with the
// connection: one that was cut off would look complete.
func (h *httpHead) check() error {
	if h.chunked == (h.length >= 0) {
		return errFraming
	}
	return nil
}

// notFound returns nil if an answer without a value says that the member has none, else
// what it says. Any web server answers 404 to what it does not know.
func (h *httpHead) notFound() error {
	switch {
	case h.status != 404:
		return StatusError(h.status)
	case !h.node:
		return ErrNoNode
	}
	return nil
}

// checkTime returns what is wrong with the time of a value.
func (h *httpHead) checkTime() error {
	switch {
	case !h.node:
		return ErrNoNode
	case !h.dated:
		return ErrKeyTime
	}
	return nil
}
