package cluster

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"0123456789":               "0123456789",
		"0123456789a":              "0123456789...",
		"a\r\nb\x00\xff\x1b\u202e": "a  b \ufffd  ",
		"12345678é9":               "12345678é...",
		"123456789é":               "123456789...",
		strings.Repeat("x", 1000):  "xxxxxxxxxx...",
	} {
		if got := OneLine(text, 10); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
