package dump

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"owlcache/engine"
)

// Encoder makes lines of entries. It is used by one goroutine at a time. The zero
// value is ready.
type Encoder struct {
	dates dateText
}

// Append appends the line of e, with its line end, to dst. Version and tombstone are
// not part of a line.
func (c *Encoder) Append(dst []byte, e *engine.Entry) []byte {
	dst = appendMember(dst, `{"key":"`, `{"key_base64":"`, e.Key)
	dst = appendMember(dst, `","value":"`, `","value_base64":"`, e.Value)
	dst = append(dst, `","created":"`...)
	dst = c.dates.appendNanos(dst, e.Created)
	if e.Expires != 0 {
		dst = append(dst, `","expires":"`...)
		dst = c.dates.appendMillis(dst, e.Expires)
	}
	return append(dst, '"', '}', '\n')
}

// appendMember appends s as text or, if it is none, in base64, each behind what comes
// before it.
func appendMember(dst []byte, text, encoded string, s []byte) []byte {
	plain := plainLen(s)
	switch {
	case plain == len(s):
		dst = append(dst, text...)
		return append(dst, s...)
	case !utf8.Valid(s[plain:]):
		dst = append(dst, encoded...)
		return base64.StdEncoding.AppendEncode(dst, s)
	}
	dst = append(dst, text...)
	if len(s) >= largeText {
		dst = slices.Grow(dst, textLen(s))
	}
	return appendText(dst, s, plain)
}

// largeText is how many bytes a text has from which on its length is computed before
// there is room made for it: making room again and again would leave several times
// as much to be collected.
const largeText = 256 << 10
