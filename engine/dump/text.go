package dump

import (
	"encoding/binary"
	"math/bits"
)

// Constants for eight bytes at a time.
const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

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
	quote, backslash := w^'"'*lows, w^'\\'*lows
	below := (w - ' '*lows) | (quote - lows) | (backslash - lows) // of ASCII: a borrow sets the bit
	return (below | w | (w + lows)) & highs
}

// appendText appends s, which is valid UTF-8 and begins with plain bytes that stand
// for themselves, as the inside of a JSON string.
func appendText(dst, s []byte, plain int) []byte {
	start := 0 // of what is not yet in dst
	for i := plain; i < len(s); {
		switch c := s[i]; {
		case c >= 0x80 && (c != 0xc2 || s[i+1] >= 0xa0):
			i += runeLen(c)
			continue
		case c >= 0x80: // U+0080 to U+009F
			dst = append(dst, s[start:i]...)
			dst = appendCode(dst, s[i+1])
			i += 2
		case c < ' ' || c == '"' || c == '\\' || c == 0x7f:
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
		default:
			i += plainLen(s[i:])
			continue
		}
		start = i
	}
	return append(dst, s[start:]...)
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

// runeLen returns how many bytes a character has whose first byte, not ASCII, is c.
func runeLen(c byte) int {
	switch {
	case c < 0xe0:
		return 2
	case c < 0xf0:
		return 3
	}
	return 4
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return appendCode(dst, c)
}

// appendCode appends a character below U+0100 by its number.
func appendCode(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
}
