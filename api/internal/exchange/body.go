package exchange

import (
	"bytes"
	"io"
	"strings"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/engine"
)

const firstBuffer = 4 << 10 // bytes; what a body starts with

// Why a body is refused, where others refuse one for it too.
const (
	BodyTooLarge = "the request body is larger than any value the node takes"
	BodyCutOff   = "the request body ended early"
)

// refuseBody ends the connection, because the rest of the body is on its way.
func refuseBody(status int, reason string) error {
	return fault.Refusal{Status: status, Reason: reason, Close: true}
}

// MaxBody is the largest request body in bytes: the largest key and value with every byte percent-encoded,
// the other parameters and the framing of multipart.
func MaxBody(maxValueSize int) int { return 3*(maxValueSize+engine.MaxKeySize) + 64<<10 }

func (x *Exchange) readBody() error {
	length := x.Ctx.Request.Header.ContentLength() // -1: chunked
	limit := MaxBody(x.Node.MaxValueSize)
	r := x.Ctx.Request.BodyStream()
	x.body = x.body[:0]
	for length < 0 || len(x.body) < length {
		if len(x.body) == cap(x.body) {
			if err := x.growBody(length, limit); err != nil {
				return err
			}
		}
		end := cap(x.body)
		if length >= 0 {
			end = min(end, length)
		}
		n, err := r.Read(x.body[len(x.body):end])
		x.body = x.body[:len(x.body)+n]
		switch { // only a bare EOF is an end; a wrapped one is within something
		case len(x.body) > limit:
			return refuseBody(413, BodyTooLarge)
		case err == io.EOF && length < 0 && !x.Conn.Ended():
			length = len(x.body)
		case err == io.EOF && len(x.body) == length:
		case err != nil:
			return x.readError(err)
		}
	}
	x.Read = true
	return nil
}

// growBody takes from the budget only as bytes arrive: who announces much and sends nothing gets
// nothing. length -1 is unknown.
func (x *Exchange) growBody(length, limit int) error {
	if length < 0 {
		length = limit + 1 // so that the byte beyond the limit is seen
	}
	size := min(max(4*cap(x.body), firstBuffer), max(length, firstBuffer))
	if size > node.KeepBuffer {
		if err := x.takeMemory(int64(size) - x.taken); err != nil {
			return err
		}
	}
	bigger := make([]byte, len(x.body), size)
	copy(bigger, x.body)
	x.body = bigger
	return nil
}

// takeMemory does not count small bodies. Release gives back.
func (x *Exchange) takeMemory(n int64) error {
	if n <= node.KeepBuffer {
		return nil
	}
	if !x.Node.Requests.Take(n) {
		return fault.Refusal{Status: 503, Reason: "too many large request bodies at once", RetryAfter: 1, Close: true}
	}
	x.taken += n
	return nil
}

// Where the HTTP server was reading the frame of a chunk, err hides that of the connection.
func (x *Exchange) readError(err error) error {
	switch cause := x.Conn.ReadErr; {
	case conn.IsTimeout(err), conn.IsTimeout(cause):
		return refuseBody(408, "the request body did not arrive in time")
	case cause == nil:
		return refuseBody(400, "the request body is not in valid chunks")
	}
	return refuseBody(400, BodyCutOff)
}

// ReadParams reads body and query. After an error the parameters that could be read are there.
func (x *Exchange) ReadParams() error {
	bodyErr := x.readBodyParams()
	queryErr := x.Params.ParseForm(x.Ctx.URI().QueryString())
	if bodyErr != nil {
		return bodyErr
	}
	return queryErr
}

func (x *Exchange) readBodyParams() error {
	if !x.HasBody() {
		return nil
	}
	if enc := x.Ctx.Request.Header.ContentEncoding(); len(enc) > 0 && !strings.EqualFold(string(enc), "identity") {
		return refuseBody(415, "Content-Encoding of requests is not supported")
	}
	contentType := x.Ctx.Request.Header.ContentType()
	form := isMediaType(contentType, "application/x-www-form-urlencoded")
	if !form && !isMediaType(contentType, "multipart/form-data") {
		// Taken for no parameters, a value sent as a bare body would be stored as an empty one.
		return refuseBody(415, "a request body must be application/x-www-form-urlencoded or multipart/form-data")
	}
	if err := x.readBody(); err != nil {
		return err
	}
	if form {
		return x.Params.ParseForm(x.body)
	}
	if err := x.takeMemory(int64(len(x.body))); err != nil { // for the copies of the values
		return err
	}
	return x.Params.ParseMultipart(string(contentType), x.body)
}

func isMediaType(header []byte, want string) bool {
	kind, _, _ := bytes.Cut(header, []byte(";"))
	kind = bytes.TrimSpace(kind)
	return len(kind) == len(want) && strings.EqualFold(string(kind), want)
}
