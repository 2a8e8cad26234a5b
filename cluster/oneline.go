package cluster

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine returns text as one line of at most size bytes, and three dots if that is not
// all of it: for logs, where parts of it may come from another machine.
func OneLine(text string, size int) string {
	var b strings.Builder
	for _, r := range text {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > size {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
