package ask

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
	"os"
)

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
