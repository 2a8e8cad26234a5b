package load

import (
	"errors"
	"testing"
)

func TestParseRESP(t *testing.T) {
	tests := []struct {
		in     string
		status int
		body   string
		n      int
		err    error
	}{
		{"+OK\r\n", 200, "OK", 5, nil},
		{"-ERR no\r\nrest", 500, "ERR no", 9, nil},
		{"$5\r\nhello\r\n+OK", 200, "hello", 11, nil},
		{"$0\r\n\r\n", 200, "", 6, nil},
		{"$-1\r\n", 404, "", 5, nil},
		{"$5\r\nhello", 0, "", 0, nil},
		{"$5", 0, "", 0, nil},
		{"", 0, "", 0, nil},
		{"$x\r\n", 0, "", 0, errNotRESP},
		{"HTTP/1.1 200 OK\r\n", 0, "", 0, errNotRESP},
		{"\r\n", 0, "", 0, errNotRESP},
	}
	for _, tt := range tests {
		resp, n, err := ParseRESP([]byte(tt.in))
		if resp.Status != tt.status || string(resp.Body) != tt.body || n != tt.n || !errors.Is(err, tt.err) {
			t.Errorf("%q: status %d, body %q, %d bytes, error %v; want %+v", tt.in, resp.Status, resp.Body, n, err, tt)
		}
	}
}

func FuzzParseRESP(f *testing.F) {
	f.Add("$5\r\nhello\r\n")
	f.Add("+OK\r\n")
	f.Add("$-1\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		resp, n, err := ParseRESP([]byte(in))
		if err == nil && (n > len(in) || len(resp.Body) > n) {
			t.Fatalf("%d bytes with a body of %d out of %d", n, len(resp.Body), len(in))
		}
	})
}
