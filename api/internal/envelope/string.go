package envelope

import (
	"encoding/json"
	"unicode/utf8"
)

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
