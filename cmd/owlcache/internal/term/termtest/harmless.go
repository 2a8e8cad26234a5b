// Package termtest runs commands in tests, and checks what they print.
package termtest

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// Harmless fails for what a terminal may take for more than text.
func Harmless(t testing.TB, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("unprintable %q in %q", r, s)
		}
	}
}
