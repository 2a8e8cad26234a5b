package ask

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
	"os"
)

const (
	// smallBody is the size in bytes up to which a body counts for nothing and room for
	// it is made at once.
	smallBody = 64 << 10
	// maxTrailer bounds what may follow the last chunk of a body.
	maxTrailer = 4 << 10
)

// readBody reads a body of at most limit bytes. Before it makes room for more than
// smallBody it calls reserve with the most it will need.
func readBody(r *bufio.Reader, h httpHead, limit int, reserve func(bytes int) error) ([]byte, error) {
	if h.length > int64(limit) {
		return nil, ErrTooLarge
	}
	if !h.chunked {
		return readSized(r, int(h.length), reserve)
	}
	body, err := readGrowing(httputil.NewChunkedReader(r), limit, reserve)
	if err == nil {
		err = skipTrailer(r)
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

// readSized reads n bytes. Room for many is made only as they come: who announces much
// and sends nothing gets nothing.
func readSized(r io.Reader, n int, reserve func(int) error) ([]byte, error) {
	if n > smallBody {
		if err := reserve(n); err != nil {
			return nil, err
		}
	}
	body := make([]byte, min(n, smallBody))
	for at := 0; ; {
		got, err := io.ReadFull(r, body[at:])
		at += got
		switch {
		case errors.Is(err, io.EOF) && at < n:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, tooSlow(err, at)
		case at == n:
			return body, nil
		}
		bigger := make([]byte, min(n, 4*len(body)))
		copy(bigger, body)
		body = bigger
	}
}

// readGrowing reads to the end of r, and at most limit bytes.
func readGrowing(r io.Reader, limit int, reserve func(int) error) ([]byte, error) {
	body := make([]byte, 0, min(4<<10, limit+1))
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, ErrTooLarge
		case errors.Is(err, io.EOF):
			return trimmed(body), nil
		case err != nil:
			return nil, tooSlow(err, len(body))
		case len(body) < cap(body):
			continue
		}
		size := min(4*cap(body), limit+1)
		if cap(body) <= smallBody && size > smallBody {
			if err := reserve(limit); err != nil {
				return nil, err
			}
		}
		bigger := make([]byte, len(body), size)
		copy(bigger, body)
		body = bigger
	}
}

// tooSlow names the error of a body of which so many bytes were there when the time was
// over: if they are many, it is the way here that is narrow, and the member answers.
func tooSlow(err error, got int) error {
	if got > smallBody && errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTooSlow
	}
	return err
}

// trimmed returns b in room that is not much larger: it is going to be kept.
func trimmed(b []byte) []byte {
	if cap(b)-len(b) <= len(b)/8 {
		return b
	}
	return append(make([]byte, 0, len(b)), b...)
}

// skipTrailer reads what follows the last chunk: headers that nobody needs and an empty
// line.
func skipTrailer(r *bufio.Reader) error {
	left := maxTrailer
	for {
		line, err := readLine(r, &left)
		switch {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil || len(line) == 0:
			return err
		}
	}
}
