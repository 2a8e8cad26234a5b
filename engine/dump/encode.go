package dump

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"slices"
	"time"
	"unicode/utf8"

	"owlcache/engine"
)

// appendLine appends the line of e, with its line end, to dst. Version and tombstone are
// not part of a line.
func appendLine(dst []byte, e *engine.Entry) []byte {
	dst = appendMember(dst, `{"key":"`, `{"key_base64":"`, e.Key)
	dst = appendMember(dst, `","value":"`, `","value_base64":"`, e.Value)
	dst = append(dst, `","created":"`...)
	dst = appendTime(dst, time.Unix(0, e.Created), 9)
	if e.Expires != 0 {
		dst = append(dst, `","expires":"`...)
		dst = appendTime(dst, time.UnixMilli(e.Expires), 3)
	}
	return append(dst, '"', '}', '\n')
}

// appendTime appends a time in UTC, with so many digits of the second.
func appendTime(dst []byte, t time.Time, digits int) []byte {
	dst = t.UTC().AppendFormat(dst, time.RFC3339) // package time is much quicker with this layout than with others
	dst[len(dst)-1] = '.'                         // for the Z
	for unit := 100_000_000; digits > 0; digits, unit = digits-1, unit/10 {
		dst = append(dst, byte('0'+t.Nanosecond()/unit%10))
	}
	return append(dst, 'Z')
}

// appendMember appends s as text or, if it is none, in base64, each behind what comes before it.
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
	if len(s) >= 256<<10 { // making room again and again would leave several times as much to be collected
		dst = slices.Grow(dst, textLen(s))
	}
	return appendText(dst, s, plain)
}

// plainLen returns how many bytes at the start of s stand for themselves in a JSON
// string: ASCII without the quote, the backslash and control characters.
func plainLen(s []byte) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if hit := special(binary.LittleEndian.Uint64(s[i:])); hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			break
		}
	}
	return i
}

// special marks with its highest bit the first byte of w that does not stand for
// itself. Marks behind that may be wrong.
func special(w uint64) uint64 {
	const lows, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^'"'*lows, w^'\\'*lows
	below := (w - ' '*lows) | (quote - lows) | (backslash - lows) // of ASCII: a borrow sets the bit
	return (below | w | (w + lows)) & highs
}

// appendText appends s, which is valid UTF-8 and begins with plain bytes that stand
// for themselves, as the inside of a JSON string.
func appendText(dst, s []byte, plain int) []byte {
	start := 0 // of what is not yet in dst
	for i := plain; ; {
		if i += plainLen(s[i:]); i == len(s) {
			return append(dst, s[start:]...)
		}
		r, n := utf8.DecodeRune(s[i:])
		if r < 0xa0 {
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, byte(r))
			start = i + n
		}
		i += n
	}
}

// textLen returns how many bytes appendText appends for s.
func textLen(s []byte) int {
	n := len(s)
	for i, c := range s {
		switch {
		case c == '"', c == '\\', c == '\b', c == '\f', c == '\n', c == '\r', c == '\t':
			n++
		case c < ' ', c == 0x7f:
			n += len(`\u0000`) - 1
		case c == 0xc2 && s[i+1] < 0xa0:
			n += len(`\u0000`) - 2
		}
	}
	return n
}

// appendEscape appends a character below U+0100 that does not stand for itself.
func appendEscape(dst []byte, c byte) []byte {
	switch {
	case c == '"', c == '\\':
		return append(dst, '\\', c)
	case '\b' <= c && c <= '\r' && c != '\v':
		return append(dst, '\\', "btn-fr"[c-'\b'])
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
}
