package api

import (
	"bufio"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestHeadRefused: what the headers say is enough is answered without the body,
// which never comes here, and before the server would give up waiting for it.
func TestHeadRefused(t *testing.T) {
	n := start(t, nil)
	const post = "POST /data/ HTTP/1.1\r\nHost: localhost\r\n"
	for _, tt := range []struct {
		name, head string
		status     int
		reason     string
	}{
		{"a gigabyte", post + "Content-Type: " + formType + "\r\nContent-Length: 1073741824\r\n", 413, "larger than any value"},
		{"a gigabyte, asked for", post + "Expect: 100-continue\r\nContent-Length: 1073741824\r\n", 413, "larger than any value"},
		{"a gigabyte for a route without a body", "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n", 413, "larger"},
		{"length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400, "Content-Length"},
		{"chunks and length", post + "transfer-encoding: chunked\r\ncontent-length: 5\r\n", 400, "Content-Length"},
		{"length 0 and chunks", post + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400, "Content-Length"},
		{"length and identity", post + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n", 400, "Content-Length"},
		{"chunks in HTTP/1.0", "POST /data/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400, "HTTP/1.0"},
		{"another expectation", post + "Expect: foo\r\nContent-Length: 5\r\n", 417, "100-continue"},
		{"another expectation beside the usual", post + "Expect: 100-continue\r\nExpect: foo\r\nContent-Length: 5\r\n", 417, "100-continue"},
		{"another expectation without a body", "GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: foo\r\n", 417, "100-continue"},
		{"a long method", strings.Repeat("M", 33) + " /livez HTTP/1.1\r\nHost: localhost\r\n", 501, "unknown method"},
		{"a space in a name", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX Y: z\r\n", 400, "white space"},
		{"a space behind a name", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX : z\r\n", 400, ""},
		{"a folded line", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n", 400, "white space"},
		{"a newer version", "GET /livez HTTP/2.0\r\nHost: localhost\r\n", 505, "HTTP/1.1"},
		{"a version that never was", "GET /livez HTTP/1.2\r\nHost: localhost\r\n", 505, "HTTP/1.1"},
		{"an older version", "GET /livez HTTP/0.9\r\nHost: localhost\r\n", 505, "HTTP/1.1"},
		{"no version", "GET /livez FTP/1.1\r\nHost: localhost\r\n", 400, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := n.dial()
			c.send(tt.head + "\r\n")
			a := c.receive("POST")
			if a.status != tt.status || !strings.Contains(a.reason(), tt.reason) || !a.close || !c.ended() {
				t.Errorf("status %d, %v", a.status, a.header)
			}
		})
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
}

// TestHeadRefusedIsNoRequest: what comes behind a refused head is not served.
func TestHeadRefusedIsNoRequest(t *testing.T) {
	n := start(t, nil)
	c := n.dial()
	c.send("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
		"GET /data/?cmd=set&key=smuggled&token=" + n.token() + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a := c.receive("POST"); a.status != 400 {
		t.Errorf("status %d", a.status)
	}
	if !c.ended() || n.store.writes() != 0 {
		t.Errorf("the connection goes on, %d writes", n.store.writes())
	}
}

// TestHeadTaken: what is near to a fault and none.
func TestHeadTaken(t *testing.T) {
	n := start(t, nil)
	for name, head := range map[string]string{
		"asks in capitals":                "POST /data/?cmd=ping HTTP/1.1\r\nHost: localhost\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n",
		"HTTP/1.0":                        "GET /livez HTTP/1.0\r\n",
		"a space in a value with a colon": "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a b: c\r\n",
		"a method of 32 bytes":            strings.Repeat("M", 32) + " /data/?cmd=ping HTTP/1.1\r\nHost: localhost\r\n",
		"names of the same length":        "GET /livez HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nAccept-Charset: x\r\nIf-Modified-Since: y\r\n",
	} {
		c := n.dial()
		c.send(head + "\r\n")
		a := c.receive("GET")
		if a.status == 100 {
			a = c.receive("GET")
		}
		if a.status != 200 {
			t.Errorf("%s: status %d, %s", name, a.status, a.reason())
		}
	}
}

// TestHeadAgain: a request behind one that was asked for is read as usual.
func TestHeadAgain(t *testing.T) {
	n := start(t, nil)
	c := n.dial()
	c.send("POST /data/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: " + formType + "\r\nContent-Length: 8\r\n\r\n")
	if a := c.receive("POST"); a.status != 100 {
		t.Fatalf("status %d", a.status)
	}
	c.send("cmd=pingGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for range 2 {
		if a := c.receive("POST"); a.status != 200 {
			t.Fatalf("status %d", a.status)
		}
	}
}

func FuzzInspectHead(f *testing.F) {
	f.Add([]byte("Host: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"))
	f.Add([]byte("Host: x\r\nTransfer-Encoding: chunked\r\nX: y\r\n z: 1\r\n\r\n"))
	f.Add([]byte(":\r\n\r\n"))
	s, err := New(Options{Password: testPassword, TokenSecret: testSecret})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, headers []byte) {
		var h fasthttp.RequestHeader
		if h.Read(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\n"+string(headers)))) != nil {
			return
		}
		fault, _ := s.inspectHead(&h)
		s.takeHead(&h)
		if again, _ := s.inspectHead(&h); again != fault {
			t.Fatalf("fault %d, the second time %d", fault, again)
		}
		if fault != headFine && fault.refusal().status < 400 {
			t.Fatalf("fault %d is answered %d", fault, fault.refusal().status)
		}
	})
}
