package ask

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"
)

// maxHead bounds the bytes of a head. It has room for the largest key, percent-encoded.
const maxHead = 64 << 10

// Returned for what is no whole answer of a node.
var (
	errHungUp   = errors.New("the member has closed the connection without an answer")
	errCutOff   = errors.New("the answer was cut off")
	errNoHTTP   = errors.New("the answer is not HTTP")
	errHeadSize = errors.New("the headers of the answer are too large")
	errFraming  = errors.New("the answer does not say properly how long it is")
	errEncoding = errors.New("the answer is in an encoding that was not asked for")
)

// httpHead is what is needed of the status line and the headers of an answer.
type httpHead struct {
	status  int
	length  int // of the body, -1: not given
	chunked bool
	close   bool // the connection ends with this answer
	node    bool // there is a Keycreatetime, which every answer of a node has
	created time.Time
	noTime  error // why there is no created
}

func readHead(r *bufio.Reader) (httpHead, error) {
	h := httpHead{length: -1}
	lines := lineReader{r, maxHead}
	line, err := lines.next()
	if err == nil {
		err = h.parseStatus(line)
	}
	for err == nil {
		if line, err = lines.next(); err == nil && line == "" {
			break
		}
		if err == nil {
			err = h.parseHeader(line)
		}
	}
	// A body may not end with the connection: one that was cut off would look complete.
	if err == nil && h.chunked == (h.length >= 0) {
		err = errFraming
	}
	return h, err
}

// lineReader reads lines that have at most so many bytes together.
type lineReader struct {
	r    *bufio.Reader
	left int
}

// next returns a line without its end, or the beginning of one that is longer than the
// buffer of r: only an echoed key is.
func (l *lineReader) next() (string, error) {
	for line := ""; ; {
		piece, err := l.r.ReadSlice('\n')
		if l.left -= len(piece); l.left < 0 {
			return "", errHeadSize
		}
		if line == "" {
			line = string(piece)
		}
		switch {
		case err == nil:
			return strings.TrimRight(line, "\r\n"), nil
		case errors.Is(err, io.EOF):
			return "", io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// parseStatus reads a line like "HTTP/1.1 200 OK".
func (h *httpHead) parseStatus(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if version != "HTTP/1.1" && version != "HTTP/1.0" || len(code) != 3 || err != nil || status < 100 {
		return errNoHTTP
	}
	h.status, h.close = int(status), version == "HTTP/1.0"
	return nil
}

func (h *httpHead) parseHeader(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || name[0] == ' ' || name[0] == '\t' {
		return errNoHTTP
	}
	value = strings.Trim(value, " \t")
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Content-Length":
		n, err := strconv.ParseUint(value, 10, strconv.IntSize-1)
		if err != nil || h.length >= 0 && h.length != int(n) {
			return errFraming
		}
		h.length = int(n)
	case "Transfer-Encoding":
		if h.chunked || !strings.EqualFold(value, "chunked") {
			return errFraming
		}
		h.chunked = true
	case "Content-Encoding":
		if !strings.EqualFold(value, "identity") {
			return errEncoding
		}
	case "Connection":
		for token := range strings.SplitSeq(value, ",") {
			h.close = h.close || strings.EqualFold(strings.TrimSpace(token), "close")
		}
	case "Keycreatetime":
		h.node = true
		h.created, h.noTime = parseKeyTime(value)
	}
	return nil
}

// error returns what an answer says that is neither a value nor that there is none. Any web
// server answers 404 to what it does not know.
func (h *httpHead) error() error {
	switch {
	case h.status != 200 && h.status != 404:
		return StatusError(h.status)
	case !h.node:
		return ErrNoNode
	case h.status == 200:
		return h.noTime
	}
	return nil
}

// parseKeyTime reads a Keycreatetime header as nodes of any version write it:
//
//	2026-11-22 10:50:17.178858725 +0000 UTC
//	2025-02-21 13:02:35.5876031 +0800 CST m=+2.270941001
//
// What follows the offset is passed over.
func parseKeyTime(s string) (time.Time, error) {
	words := strings.Fields(s)
	if len(words) < 3 || len(words[1]) > len("15:04:05.999999999") {
		return time.Time{}, ErrKeyTime
	}
	t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", strings.Join(words[:3], " "))
	if err != nil || !isOffset(t) {
		return time.Time{}, ErrKeyTime
	}
	return t, nil
}

// isOffset tells whether a time with the offset of t can be passed on in JSON.
func isOffset(t time.Time) bool {
	_, offset := t.Zone()
	return offset > -24*3600 && offset < 24*3600
}

const (
	smallBody  = 64 << 10 // bytes up to which room for a body is made at once
	firstRoom  = 4 << 10  // bytes, for a body of unknown size
	maxTrailer = 4 << 10  // bytes behind the last chunk of a body
)

// readBody reads a body of at most limit bytes. Before it makes room for more than
// smallBody it calls reserve with the most it will need.
func readBody(r *bufio.Reader, h httpHead, limit int, reserve func(bytes int) error) ([]byte, error) {
	if h.length > limit {
		return nil, ErrTooLarge
	}
	if !h.chunked {
		body, err := readRoom(io.LimitReader(r, int64(h.length)), min(h.length, smallBody), h.length, reserve)
		if err == nil && len(body) < h.length {
			return nil, io.ErrUnexpectedEOF
		}
		return body, err
	}
	body, err := readRoom(httputil.NewChunkedReader(r), min(firstRoom, limit+1), limit+1, reserve)
	switch {
	case err != nil:
		return nil, err
	case len(body) > limit:
		return nil, ErrTooLarge
	case cap(body)-len(body) > len(body)/8: // it is going to be kept
		body = append(make([]byte, 0, len(body)), body...)
	}
	// What follows the last chunk are headers that nobody needs, and an empty line.
	lines := lineReader{r, maxTrailer}
	for {
		if line, err := lines.next(); err != nil {
			return nil, err
		} else if line == "" {
			return body, nil
		}
	}
}

// readRoom reads to the end of r, and at most so many bytes. More room than at first is
// made only as they come: who announces much and sends nothing gets nothing.
func readRoom(r io.Reader, room, most int, reserve func(int) error) ([]byte, error) {
	body := make([]byte, 0, room)
	for len(body) < most {
		if len(body) == cap(body) {
			size := min(4*cap(body), most)
			if cap(body) <= smallBody && size > smallBody {
				if err := reserve(most); err != nil {
					return nil, err
				}
			}
			body = append(make([]byte, 0, size), body...)
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		// The member answers, and the way here is narrow.
		case len(body) > smallBody && errors.Is(err, os.ErrDeadlineExceeded):
			return nil, ErrTooSlow
		case err != nil:
			return nil, err
		}
	}
	return body, nil
}
