package api

import (
	"encoding/base64"
	"strconv"
)

// Results of the envelope, by status.
func resultOf(status int) string {
	switch status {
	case 200:
		return "SUCCESS"
	case 401:
		return "NOT_PASS"
	case 404:
		return "NOT_FOUND"
	case 501:
		return "UNKNOWN_COMMAND"
	}
	return "ERROR"
}

// envelope is the JSON answer of a command, as encoding/json would write
//
//	struct {
//		Cmd           string
//		Status        int
//		Results       string
//		Key           string
//		Data          []byte
//		ResponseHost  string
//		KeyCreateTime time.Time
//	}
type envelope struct {
	cmd, key     []byte
	status       int
	data         []byte // nil is null
	responseHost string
	created      int64 // Unix nanoseconds, 0 = the zero time
}

// append appends the envelope to dst.
func (e *envelope) append(dst []byte) []byte {
	dst = append(dst, `{"Cmd":`...)
	dst = appendJSONString(dst, e.cmd)
	dst = append(dst, `,"Status":`...)
	dst = strconv.AppendInt(dst, int64(e.status), 10)
	dst = append(dst, `,"Results":"`...)
	dst = append(dst, resultOf(e.status)...)
	dst = append(dst, `","Key":`...)
	dst = appendJSONString(dst, e.key)
	dst = append(dst, `,"Data":`...)
	if e.data == nil {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, e.data)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"ResponseHost":`...)
	dst = appendJSONString(dst, e.responseHost)
	dst = append(dst, `,"KeyCreateTime":"`...)
	dst = appendTime(dst, e.created, jsonTime)
	return append(dst, `"}`...)
}

// envelope answers the command with an envelope. data nil is null; created is in
// Unix nanoseconds, 0 = none.
func (x *exchange) envelope(status int, data []byte, created int64) {
	x.setDataHeaders(created)
	x.ctx.SetStatusCode(status)
	x.ctx.SetContentType(typeJSON)
	e := envelope{
		cmd:          clip(x.params.cmd),
		key:          clip(x.params.key),
		status:       status,
		data:         data,
		responseHost: x.conn.responseHost,
		created:      created,
	}
	resp := &x.ctx.Response
	resp.SwapBody(e.append(resp.SwapBody(nil)[:0]))
}
