// Package envelope writes the JSON answer of the classic commands, byte by byte as
// encoding/json would, and the texts in it and in headers.
package envelope

import (
	"encoding/base64"
	"strconv"

	"owlcache/engine"
)

// Result returns what Results says, by status.
func Result(status int) string {
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

// Envelope is the JSON answer of a command, as encoding/json would write
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
type Envelope struct {
	Cmd, Key     []byte
	Status       int
	Data         []byte // nil is null
	ResponseHost string
	Created      int64 // Unix nanoseconds, 0 = the zero time
}

// Append appends the envelope to dst.
func (e *Envelope) Append(dst []byte) []byte {
	dst = append(dst, `{"Cmd":`...)
	dst = AppendString(dst, e.Cmd)
	dst = append(dst, `,"Status":`...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, `,"Results":"`...)
	dst = append(dst, Result(e.Status)...)
	dst = append(dst, `","Key":`...)
	dst = AppendString(dst, e.Key)
	dst = append(dst, `,"Data":`...)
	if e.Data == nil {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, e.Data)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"ResponseHost":`...)
	dst = AppendString(dst, e.ResponseHost)
	dst = append(dst, `,"KeyCreateTime":"`...)
	dst = AppendTime(dst, e.Created, JSONTime)
	return append(dst, `"}`...)
}

// Size returns the bytes that an envelope with such a key, host and value takes, rather more
// than less.
func Size(key, responseHost, value int) int {
	return 160 + key + responseHost + base64.StdEncoding.EncodedLen(value)
}

// Clip bounds what is echoed of a key that is too large to be one.
func Clip(b []byte) []byte { return b[:min(len(b), engine.MaxKeySize)] }
