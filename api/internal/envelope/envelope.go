// Package envelope writes the JSON answer of the classic commands, byte by byte as
// encoding/json would, and the texts in it and in headers.
package envelope

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

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

// Size returns the bytes of an envelope with such a key, host and value, rather more than less.
func Size(key, responseHost, value int) int {
	return 160 + key + responseHost + base64.StdEncoding.EncodedLen(value)
}

// Cost is the memory in bytes that answering a value takes, which an envelope holds a copy of.
func Cost(value int, info bool) int64 {
	if info {
		value += base64.StdEncoding.EncodedLen(value)
	}
	return int64(value)
}

// Clip bounds what is echoed of a key that is too large to be one.
func Clip(b []byte) []byte { return b[:min(len(b), engine.MaxKeySize)] }

// AppendString appends s as encoding/json writes a string.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	if !isPlain(s) {
		quoted, _ := json.Marshal(string(s)) // a string never fails
		return append(dst, quoted...)
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// isPlain tells whether s stands in JSON as it is. A few strings that do are not recognised.
func isPlain[T string | []byte](s T) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&', c == 0xe2: // the last begins U+2028
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(string(s))
}

// TimeStyle is how AppendTime writes a time.
type TimeStyle uint8

// Styles of times.
const (
	TextTime TimeStyle = iota // 2026-11-22 10:50:17.178858725 +0000 UTC, as time.Time.String
	JSONTime                  // 2026-11-22T10:50:17.178858725Z, as encoding/json
)

// AppendTime appends the instant ns (Unix nanoseconds) in UTC; 0 is the zero time.Time.
func AppendTime(dst []byte, ns int64, style TimeStyle) []byte {
	var t time.Time
	if ns != 0 {
		t = time.Unix(0, ns).UTC()
	}
	at := len(dst)
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	if style == TextTime { // the same, but for two letters; that layout is the one that is fast
		dst[at+len("2026-11-22")] = ' '
		dst = append(dst[:len(dst)-len("Z")], " +0000 UTC"...)
	}
	return dst
}

// AppendHeader appends v with control characters as spaces, so that none can end the header.
func AppendHeader[T string | []byte](dst []byte, v T) []byte {
	at := len(dst)
	dst = append(dst, v...)
	for i := at; i < len(dst); i++ {
		if dst[i] < ' ' || dst[i] == 0x7f {
			dst[i] = ' '
		}
	}
	return dst
}
