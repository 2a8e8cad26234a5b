package exchange

import (
	"encoding/json"
	"strconv"

	"owlcache/api/internal/envelope"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/params"
)

// Content types and headers of answers.
const (
	TypeText = "text/plain; charset=utf-8"
	TypeRaw  = "application/octet-stream"
	TypeJSON = "application/json; charset=utf-8"

	// HeaderError tells a person why a request was not done. The envelope has no room for it.
	HeaderError = "Owlcache-Error"

	// The headers of every answer of a command.
	HeaderKey          = "Key"
	HeaderResponseHost = "Responsehost"
	HeaderCreated      = "Keycreatetime"

	maxErrorHeader = 200 // bytes of HeaderError
)

// Refuse answers r.
func (x *Exchange) Refuse(r fault.Refusal) {
	x.SetError(r.Reason)
	if r.RetryAfter > 0 {
		x.Ctx.Response.Header.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	if r.Close {
		x.Ctx.SetConnectionClose()
	}
	x.Text(r.Status, r.Reason)
}

// Text answers one line or more of plain text.
func (x *Exchange) Text(status int, body string) {
	x.Ctx.SetStatusCode(status)
	x.Ctx.SetContentType(TypeText)
	x.Ctx.SetBodyString(body)
	x.Ctx.Response.AppendBodyString("\n")
}

// SetError sets the header that says why. reason must hold no secret.
func (x *Exchange) SetError(reason string) {
	if len(reason) > maxErrorHeader {
		reason = reason[:maxErrorHeader]
	}
	x.scratch = envelope.AppendHeader(x.scratch[:0], reason)
	x.Ctx.Response.Header.SetBytesV(HeaderError, x.scratch)
}

// JSON answers v, which is of this moment.
func (x *Exchange) JSON(v any) {
	body, err := json.Marshal(v)
	if err != nil {
		x.Node.Logger.Error("request failed", "path", string(x.Ctx.Path()), "err", err)
		x.Refuse(fault.Refusal{Status: 500, Reason: fault.Internal})
		return
	}
	x.Ctx.Response.Header.Set("Cache-Control", "no-store")
	x.Ctx.SetContentType(TypeJSON)
	x.Ctx.SetBody(append(body, '\n'))
}

// SetDataHeaders sets a command's headers; created is in Unix nanoseconds, 0 = none.
func (x *Exchange) SetDataHeaders(created int64) {
	h := &x.Ctx.Response.Header
	x.scratch = envelope.AppendHeader(x.scratch[:0], envelope.Clip(x.Params[params.Key]))
	h.SetBytesV(HeaderKey, x.scratch)
	h.Set(HeaderResponseHost, x.Conn.ResponseHost)
	x.scratch = envelope.AppendTime(x.scratch[:0], created, envelope.TextTime)
	h.SetBytesV(HeaderCreated, x.scratch)
}

// Raw answers bare bytes.
func (x *Exchange) Raw(status int, contentType string, body []byte, created int64) {
	x.SetDataHeaders(created)
	x.Ctx.SetStatusCode(status)
	x.Ctx.SetContentType(contentType)
	x.Ctx.SetBody(body)
}

// Envelope answers with an envelope. data nil is null; created as in SetDataHeaders.
func (x *Exchange) Envelope(status int, data []byte, created int64) {
	x.SetDataHeaders(created)
	e := envelope.Envelope{
		Cmd: envelope.Clip(x.Params[params.Cmd]), Key: envelope.Clip(x.Params[params.Key]),
		Status: status, Data: data, ResponseHost: x.Conn.ResponseHost, Created: created,
	}
	x.Build(status, TypeJSON, e.Append)
}

// Build answers what fill appends to the buffer of answers.
func (x *Exchange) Build(status int, contentType string, fill func(dst []byte) []byte) {
	x.Ctx.SetStatusCode(status)
	x.Ctx.SetContentType(contentType)
	resp := &x.Ctx.Response
	resp.SwapBody(fill(resp.SwapBody(nil)[:0]))
}
