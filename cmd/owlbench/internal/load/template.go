package load

import (
	"fmt"
	"strings"
)

// All names of keys have the same length, so that a request is one template with
// the digits overwritten.
const (
	keyDigits = 12
	keyPrefix = "key-"
	// AnyKey is where the key stands in the text of a template.
	AnyKey = keyPrefix + "000000000000"
)

// KeyName returns the name of key number n.
func KeyName(n uint64) string { return fmt.Sprintf("%s%0*d", keyPrefix, keyDigits, n) }

// Template is a request rendered but for the digits of its key.
type Template struct {
	text   string
	digits int // offset of the digits
}

// NewTemplate returns a template of a request for AnyKey.
func NewTemplate(request string) Template {
	return Template{text: request, digits: strings.Index(request, AnyKey) + len(keyPrefix)}
}

// Append appends the request for key number n to dst.
func (t Template) Append(dst []byte, n uint64) []byte {
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

// HTTPPost renders a POST request of a form.
func HTTPPost(path, form string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, len(form), form)
}
