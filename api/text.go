package api

import "strconv"

const (
	typeText = "text/plain; charset=utf-8"
	typeRaw  = "application/octet-stream"
	typeJSON = "application/json; charset=utf-8"

	// headerError tells a person why a request was not done. The envelope has no
	// room for it.
	headerError    = "Owlcache-Error"
	maxErrorHeader = 200 // bytes
)

// refusal is an answer in plain text to a request that was not done. As an error
// it means that the request was turned away before any command saw it.
type refusal struct {
	status     int
	reason     string
	retryAfter int  // seconds; 0 = no such header
	close      bool // the connection ends with this answer
}

func (r refusal) Error() string { return r.reason }

// refuse answers r.
func (x *exchange) refuse(r refusal) {
	x.setError(r.reason)
	if r.retryAfter > 0 {
		x.ctx.Response.Header.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	if r.close {
		x.ctx.SetConnectionClose()
	}
	x.text(r.status, r.reason)
}

// text answers one line or more of plain text.
func (x *exchange) text(status int, body string) {
	x.ctx.SetStatusCode(status)
	x.ctx.SetContentType(typeText)
	x.ctx.SetBodyString(body)
	x.ctx.Response.AppendBodyString("\n")
}

// setError sets the header that says why. reason must hold no secret.
func (x *exchange) setError(reason string) {
	if len(reason) > maxErrorHeader {
		reason = reason[:maxErrorHeader]
	}
	x.scratch = appendHeaderValue(x.scratch[:0], reason)
	x.ctx.Response.Header.SetBytesV(headerError, x.scratch)
}
