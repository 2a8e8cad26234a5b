package api

import (
	"errors"
	"io"
	"net"
)

const firstBuffer = 4 << 10 // bytes; what a body starts with

// Refusals of a body. The connection ends, because the rest of the body is on its way.
func bodyTooLarge() refusal {
	return refusal{status: 413, reason: "the request body is larger than any value the node takes", close: true}
}

func bodyCutOff() refusal {
	return refusal{status: 400, reason: "the request body ended early", close: true}
}

func bodyMalformed() error {
	return refusal{status: 400, reason: "the request body is not in valid chunks", close: true}
}

func bodyTooSlow() error {
	return refusal{status: 408, reason: "the request body did not arrive in time", close: true}
}

func memoryFull() error {
	return refusal{status: 503, reason: "too many large request bodies at once", retryAfter: 1, close: true}
}

// readBody reads the whole request body into x.body.
func (x *exchange) readBody() error {
	length := x.ctx.Request.Header.ContentLength() // -1: chunked
	limit := x.srv.opts.maxBodySize()
	r := x.ctx.Request.BodyStream()
	x.body = x.body[:0]
	for length < 0 || len(x.body) < length {
		if len(x.body) == cap(x.body) {
			if err := x.growBody(length, limit); err != nil {
				return err
			}
		}
		n, err := r.Read(x.body[len(x.body):x.bodyEnd(length)])
		x.body = x.body[:len(x.body)+n]
		switch { // only a bare EOF is an end; a wrapped one is within something
		case len(x.body) > limit:
			return bodyTooLarge()
		case err == io.EOF && length < 0 && !x.conn.ended():
			length = len(x.body)
		case err == io.EOF && len(x.body) == length:
		case err != nil:
			return x.readError(err)
		}
	}
	x.read = true
	return nil
}

// bodyEnd returns how far x.body may be filled: never beyond the body's length.
func (x *exchange) bodyEnd(length int) int {
	if length < 0 {
		return cap(x.body)
	}
	return min(cap(x.body), length)
}

// growBody makes room for more of a body of length bytes (-1 = unknown). Room for
// a large one is made, and taken from the budget, only as its bytes arrive: who
// announces much and sends nothing gets nothing.
func (x *exchange) growBody(length, limit int) error {
	if length < 0 {
		length = limit + 1 // so that the byte beyond the limit is seen
	}
	size := min(max(4*cap(x.body), firstBuffer), max(length, firstBuffer))
	if size > keepBuffer {
		if err := x.takeMemory(int64(size) - x.taken); err != nil {
			return err
		}
	}
	bigger := make([]byte, len(x.body), size)
	copy(bigger, x.body)
	x.body = bigger
	return nil
}

// takeMemory takes n more bytes from the budget of request bodies; finish gives
// them back. Small bodies are not counted.
func (x *exchange) takeMemory(n int64) error {
	if n <= keepBuffer {
		return nil
	}
	if !x.srv.bodies.take(n) {
		return memoryFull()
	}
	x.taken += n
	return nil
}

// readError says why a body could not be read. Where the HTTP server was reading the
// frame of a chunk, its error hides that of the connection.
func (x *exchange) readError(err error) error {
	var ne net.Error
	switch cause := x.conn.readErr; {
	case errors.As(err, &ne) && ne.Timeout(), errors.As(cause, &ne) && ne.Timeout():
		return bodyTooSlow()
	case cause == nil:
		return bodyMalformed()
	}
	return bodyCutOff()
}
