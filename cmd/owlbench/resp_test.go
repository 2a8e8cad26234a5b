package main

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
		resp, n, err := parseRESP([]byte(tt.in))
		if resp.status != tt.status || string(resp.body) != tt.body || n != tt.n || !errors.Is(err, tt.err) {
			t.Errorf("%q: status %d, body %q, %d bytes, error %v; want %+v", tt.in, resp.status, resp.body, n, err, tt)
		}
	}
}

func FuzzParseRESP(f *testing.F) {
	f.Add("$5\r\nhello\r\n")
	f.Add("+OK\r\n")
	f.Add("$-1\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		resp, n, err := parseRESP([]byte(in))
		if err == nil && (n > len(in) || len(resp.body) > n) {
			t.Fatalf("%d bytes with a body of %d out of %d", n, len(resp.body), len(in))
		}
	})
}
