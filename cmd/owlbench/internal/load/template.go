package load

import (
	"fmt"
	"strings"
)

// keyDigits is the number of digits in the name of a key. All names have the
// same length, so that a request is one template with the digits overwritten.
const keyDigits = 12

// KeyName returns the name of key number n.
func KeyName(n uint64) string { return fmt.Sprintf("key-%0*d", keyDigits, n) }

// template is a request rendered but for the digits of its key.
type template struct {
	text   string
	digits int // offset of the digits
}

// NewTemplate renders text, in which {key} stands for the key.
func NewTemplate(text string) template {
	at := strings.Index(text, "{key}")
	return template{
		text:   strings.Replace(text, "{key}", KeyName(0), 1),
		digits: at + len("key-"),
	}
}

// Append appends the request for key number n to dst.
func (t template) Append(dst []byte, n uint64) []byte {
	start := len(dst)
	dst = append(dst, t.text...)
	digits := dst[start+t.digits:][:keyDigits]
	for i := keyDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// HTTPGet renders a GET request for a path with its query.
func HTTPGet(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
}
