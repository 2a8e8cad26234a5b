package load

import (
	"errors"
	"strings"
	"testing"
)

func TestParseResponse(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"
	tests := []struct {
		name, in string
		status   int
		body     string
		rest     string
		err      error
	}{
		{"whole", ok, 200, "hello", "", nil},
		{"two", ok + ok, 200, "hello", ok, nil},
		{"no reason", "HTTP/1.1 404\r\nContent-Length:0\r\n\r\n", 404, "", "", nil},
		{"lower case", "HTTP/1.1 200 OK\r\ncontent-length:  2 \r\n\r\nab", 200, "ab", "", nil},
		{"not the header", "HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\nContent-Length: 1\r\n\r\nab", 200, "a", "b", nil},
		{"no content", "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", 204, "", "", nil},
		{"no header", "HTTP/1.1 304 Not Modified\r\n\r\n", 304, "", "", nil},
		{"no length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0, "", "", errFraming},
		{"negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, "", "", errFraming},
		{"huge", "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", 0, "", "", errFraming},
		{"longer than huge", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, "", "", errFraming},
		{"other protocol", "SSH-2.0-x", 0, "", "", errNotHTTP},
		{"old", "HTTP/1.0 200 OK\r\n\r\n", 0, "", "", errNotHTTP},
		{"status", "HTTP/1.1 2x0 OK\r\n\r\n", 0, "", "", errNotHTTP},
		{"long status", "HTTP/1.1 2000 OK\r\n\r\n", 0, "", "", errNotHTTP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, n, err := ParseHTTP([]byte(tt.in))
			if !errors.Is(err, tt.err) || resp.Status != tt.status || string(resp.Body) != tt.body {
				t.Fatalf("status %d, body %q, error %v; want %d, %q, %v", resp.Status, resp.Body, err, tt.status, tt.body, tt.err)
			}
			if err == nil && tt.in[n:] != tt.rest {
				t.Errorf("rest %q, want %q", tt.in[n:], tt.rest)
			}
		})
	}
}

func TestParsePartialResponse(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	for i := range len(whole) {
		if _, n, err := ParseHTTP([]byte(whole[:i])); n != 0 || err != nil {
			t.Errorf("%q is parsed to %d bytes, error %v", whole[:i], n, err)
		}
	}
}

func TestHeaderValue(t *testing.T) {
	header := []byte("A: 1\r\nKeycreatetime: x y \r\nkeyCreateTime: z\r\n")
	if got, ok := headerValue(header, "keycreatetime"); !ok || string(got) != "x y" {
		t.Errorf("got %q, %v", got, ok)
	}
	if got, ok := headerValue(header, "key"); ok {
		t.Errorf("found %q", got)
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("HTTP/1.1 204\r\n\r\nx")
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5")
	f.Fuzz(func(t *testing.T, in string) {
		resp, n, err := ParseHTTP([]byte(in))
		switch {
		case err != nil || n == 0:
			return
		case n > len(in):
			t.Fatalf("%d bytes of %d are parsed", n, len(in))
		case !strings.HasSuffix(in[:n], string(resp.Body)):
			t.Fatalf("body %q does not end what was parsed", resp.Body)
		case resp.Status < 100 || resp.Status > 999:
			t.Fatalf("status %d", resp.Status)
		}
		again, m, err := ParseHTTP([]byte(in[:n]))
		if m != n || err != nil || again.Status != resp.Status {
			t.Fatalf("what was parsed does not parse alone: %d of %d bytes, error %v", m, n, err)
		}
	})
}

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
