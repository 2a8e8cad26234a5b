package term

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// Text renders text from the directory for a line on a terminal: what is not printable is escaped.
func Text(s string) string {
	if !strings.ContainsFunc(s, unprintable) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unprintable(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Printable is Text for a whole line of a report, with another way of escaping that scripts may know.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// Count renders a number with the word for what it counts.
func Count(n int64, what string) string {
	return humanize.Comma(n) + " " + english.PluralWord(int(min(n, 2)), what, "")
}

// Key renders a key so that it does no harm on a terminal.
func Key(key []byte) string {
	const most = 60
	if len(key) <= most {
		return strconv.QuoteToASCII(string(key))
	}
	return fmt.Sprintf("%s… (%d bytes)", strconv.QuoteToASCII(string(key[:most])), len(key))
}

// OfAll says how many of all are shown.
func OfAll(shown int, all int64, what string) string {
	return humanize.Comma(int64(shown)) + " of " + Count(all, what)
}

// OrDash renders an empty cell of a table.
func OrDash(s string) string { return cmp.Or(s, "-") }

// Bytes renders a size in few characters.
func Bytes(n int64) string { return humanize.IBytes(uint64(max(0, n))) }

// KeyJSON is a key in the output for programs.
type KeyJSON struct {
	Key       *string `json:"key,omitempty"`
	KeyBase64 []byte  `json:"key_base64,omitempty"`
}

// AsJSON returns a key for the output.
func AsJSON(key []byte) (j KeyJSON) {
	j.Key, j.KeyBase64 = TextOrBase64(key)
	return j
}

// TextOrBase64 returns what is valid UTF-8 as text, anything else as bytes, which JSON has in base64.
func TextOrBase64(b []byte) (text *string, encoded []byte) {
	if utf8.Valid(b) {
		return new(string(b)), nil
	}
	return nil, b
}
