package api_test

import (
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

// TestHeadRefused: what the headers say is enough is answered without the body,
// which never comes here, and before the server would give up waiting for it.
func TestHeadRefused(t *testing.T) {
	n := apitest.Start(t, nil)
	const post = "POST /data/ HTTP/1.1\r\nHost: localhost\r\n"
	for _, tt := range []struct {
		name, head string
		status     int
		reason     string
	}{
		{"a gigabyte", post + "Content-Type: " + apitest.FormType + "\r\nContent-Length: 1073741824\r\n", 413, "larger than any value"},
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
			c := n.Dial()
			c.Send(tt.head + "\r\n")
			a := c.Receive("POST")
			if a.Status != tt.status || !strings.Contains(a.Reason(), tt.reason) || !a.Close || !c.Ended() {
				t.Errorf("status %d, %v", a.Status, a.Header)
			}
		})
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
}

// TestHeadRefusedIsNoRequest: what comes behind a refused head is not served.
func TestHeadRefusedIsNoRequest(t *testing.T) {
	n := apitest.Start(t, nil)
	c := n.Dial()
	c.Send("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
		"GET /data/?cmd=set&key=smuggled&token=" + n.Token() + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a := c.Receive("POST"); a.Status != 400 {
		t.Errorf("status %d", a.Status)
	}
	if !c.Ended() || n.Store.Writes() != 0 {
		t.Errorf("the connection goes on, %d writes", n.Store.Writes())
	}
}

// TestHeadTaken: what is near to a fault and none.
func TestHeadTaken(t *testing.T) {
	n := apitest.Start(t, nil)
	for name, head := range map[string]string{
		"asks in capitals":                "POST /data/?cmd=ping HTTP/1.1\r\nHost: localhost\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n",
		"HTTP/1.0":                        "GET /livez HTTP/1.0\r\n",
		"a space in a value with a colon": "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a b: c\r\n",
		"a method of 32 bytes":            strings.Repeat("M", 32) + " /data/?cmd=ping HTTP/1.1\r\nHost: localhost\r\n",
		"names of the same length":        "GET /livez HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nAccept-Charset: x\r\nIf-Modified-Since: y\r\n",
	} {
		c := n.Dial()
		c.Send(head + "\r\n")
		a := c.Receive("GET")
		if a.Status == 100 {
			a = c.Receive("GET")
		}
		if a.Status != 200 {
			t.Errorf("%s: status %d, %s", name, a.Status, a.Reason())
		}
	}
}

// TestHeadAgain: a request behind one that was asked for is read as usual.
func TestHeadAgain(t *testing.T) {
	n := apitest.Start(t, nil)
	c := n.Dial()
	c.Send("POST /data/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: " + apitest.FormType + "\r\nContent-Length: 8\r\n\r\n")
	if a := c.Receive("POST"); a.Status != 100 {
		t.Fatalf("status %d", a.Status)
	}
	c.Send("cmd=pingGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for range 2 {
		if a := c.Receive("POST"); a.Status != 200 {
			t.Fatalf("status %d", a.Status)
		}
	}
}
