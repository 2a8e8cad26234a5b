package dump

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks through a line.
type scanner struct {
	line []byte
	pos  int
}

// skipSpace returns the next byte that is no white space, without taking it; 0 at the
// end.
func (in *scanner) skipSpace() byte {
	for ; in.pos < len(in.line); in.pos++ {
		if c := in.line[in.pos]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// end checks that nothing follows.
func (in *scanner) end() error {
	in.skipSpace()
	if in.pos < len(in.line) {
		return in.problem("there is something behind the entry")
	}
	return nil
}

// problem describes what is wrong at the current place.
func (in *scanner) problem(what string) error { return in.problemAt(in.pos, what) }

func (in *scanner) problemAt(pos int, what string) error {
	if pos >= len(in.line) {
		return errors.New(what + ", but the line ends")
	}
	return fmt.Errorf("byte %d: %s", pos+1, what)
}

// text reads a string, at whose first quote pos is. The result is a part of the line,
// in which escapes are resolved in place.
func (in *scanner) text() ([]byte, error) {
	in.pos++
	start := in.pos
	n := plainLen(in.line[start:])
	if start+n < len(in.line) && in.line[start+n] == '"' {
		in.pos = start + n + 1
		return in.line[start : start+n : start+n], nil
	}
	return in.unescape(start, start+n)
}

// unescape is text behind the bytes from start to in.pos, which stand for themselves.
func (in *scanner) unescape(start, end int) ([]byte, error) {
	ascii := true
	to := end // where the next byte of the result goes
	in.pos = end
	for in.pos < len(in.line) {
		switch c := in.line[in.pos]; {
		case c == '"':
			in.pos++
			s := in.line[start:to:to]
			if !ascii && !utf8.Valid(s) {
				return nil, in.problemAt(start, "the string is not valid UTF-8; use base64 for what is no text")
			}
			return s, nil
		case c == '\\':
			n, err := in.escape(to)
			if err != nil {
				return nil, err
			}
			to += n
		case c < ' ':
			return nil, in.problem("there is a control character in a string, which has to be escaped")
		default:
			ascii = ascii && c < utf8.RuneSelf
			n := in.run()
			copy(in.line[to:], in.line[in.pos:in.pos+n])
			in.pos += n
			to += n
		}
	}
	in.pos = len(in.line)
	return nil, in.problem("a string goes on")
}

// run returns how many bytes from the current place on, at least one, need no look at
// each: plain ones, or some that are not ASCII.
func (in *scanner) run() int {
	rest := in.line[in.pos:]
	if rest[0] < utf8.RuneSelf {
		return max(1, plainLen(rest))
	}
	n := 1
	for n < len(rest) && rest[n] >= utf8.RuneSelf {
		n++
	}
	return n
}

// escape resolves the escape at the current place into the line from to on, and
// returns the length of the result, which is less than that of the escape.
func (in *scanner) escape(to int) (n int, err error) {
	if in.pos+1 >= len(in.line) {
		in.pos = len(in.line)
		return 0, in.problem("a string goes on")
	}
	c := in.line[in.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return in.code(to)
	default:
		return 0, in.problem("there is an unknown escape in a string")
	}
	in.line[to] = c
	in.pos += 2
	return 1, nil
}

// code is escape for \u and four hexadecimal digits, or two of these that are one
// character.
func (in *scanner) code(to int) (n int, err error) {
	r, ok := in.hex(in.pos)
	if !ok {
		return 0, in.problem(`four hexadecimal digits are expected behind \u`)
	}
	length := 6
	if utf16.IsSurrogate(r) {
		low, ok := in.hex(in.pos + length)
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return 0, in.problem("there is half a surrogate pair in a string; use base64 for what is no text")
		}
		length = 12
	}
	in.pos += length
	return utf8.EncodeRune(in.line[to:], r), nil
}

// hex reads \u and four hexadecimal digits at a place.
func (in *scanner) hex(pos int) (r rune, ok bool) {
	if pos+6 > len(in.line) || in.line[pos] != '\\' || in.line[pos+1] != 'u' {
		return 0, false
	}
	for _, c := range in.line[pos+2 : pos+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
