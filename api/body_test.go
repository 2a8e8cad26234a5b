package api

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

func TestLargestValueUrlencoded(t *testing.T) {
	n := start(t, nil)
	value := strings.Repeat("\xff", engine.MaxValueSize) // every byte takes three
	a := n.post("cmd", "set", "key", strings.Repeat("\xfe", engine.MaxKeySize), "valuedata", value, "token", n.token())
	if a.status != 200 {
		t.Fatalf("status %d, %s", a.status, a.reason())
	}
	if e, _ := n.store.entry(strings.Repeat("\xfe", engine.MaxKeySize)); string(e.value) != value {
		t.Errorf("%d bytes were stored", len(e.value))
	}
}

func TestBodyTooLarge(t *testing.T) {
	n := start(t, func(o *Options) { o.MaxValueSize = 1000 })
	limit := n.opts.maxBodySize()
	token := n.token()
	pad := func(size int) string { // a form of exactly this size
		form := "cmd=set&key=k&token=" + token + "&valuedata=v&pad="
		return form + strings.Repeat("p", size-len(form))
	}
	for _, tt := range []struct {
		name    string
		size    int
		chunked bool
		status  int
	}{
		{"at the limit", limit, false, 200},
		{"at the limit, chunked", limit, true, 200},
		{"beyond", limit + 1, false, 413},
		{"beyond, chunked", limit + 1, true, 413},
		{"far beyond, chunked", 20 * limit, true, 413},
	} {
		req := n.request("POST", "/data/", formType, pad(tt.size))
		if tt.chunked {
			req.ContentLength = -1
		}
		a := n.do(req)
		if a.status != tt.status {
			t.Errorf("%s: status %d, %s", tt.name, a.status, a.body)
		}
		if tt.status == 413 && (a.reason() == "" || !a.close) {
			t.Errorf("%s: header %v", tt.name, a.header)
		}
	}
	if n.store.writes() != 2 {
		t.Errorf("%d writes, want 2", n.store.writes())
	}
	if a := n.do(n.request("POST", "/data/?cmd=set&key=k&token="+token, formType, "valuedata="+strings.Repeat("v", 1001))); a.status != 500 || a.reason() != "value is too large" {
		t.Errorf("a value that is too large in a body that is not: status %d, %s", a.status, a.reason())
	}
}

func TestAnnouncedBodyTakesNoMemory(t *testing.T) {
	n := start(t, nil)
	for range 20 { // together they announce far more than the budget
		c := n.dial()
		c.send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\ncmd=ping", formType, 40<<20))
	}
	if a := n.post("cmd", "set", "key", "k", "valuedata", strings.Repeat("v", 1<<20), "token", n.token()); a.status != 200 {
		t.Errorf("status %d, %s", a.status, a.body)
	}
}

func TestBodyMemoryIsBounded(t *testing.T) {
	n := start(t, func(o *Options) { o.MaxBodyMemory = 1 << 20 })
	token := n.token()
	big := strings.Repeat("v", 2<<20)
	a := n.post("cmd", "set", "key", "k", "valuedata", big, "token", token)
	if a.status != 503 || a.header.Get("Retry-After") != "1" || n.store.writes() != 0 {
		t.Errorf("urlencoded: status %d, %v, %d writes", a.status, a.header, n.store.writes())
	}
	body, contentType := multipartForm(t, big[:600<<10], "cmd", "set", "key", "k", "token", token)
	if a := n.do(n.request("POST", "/data/", contentType, body)); a.status != 503 {
		t.Errorf("multipart, which is copied: status %d", a.status)
	}
	if a := n.post("cmd", "set", "key", "k", "valuedata", big[:500<<10], "token", token); a.status != 200 {
		t.Errorf("after these: status %d, %s", a.status, a.body)
	}
	n.bodies.wantWhole(t)
}

func TestChunkedBody(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	c := n.dial()
	form := "cmd=set&key=k&valuedata=hello+world&token=" + token
	var chunks strings.Builder
	for part := range strings.SplitSeq(form, "=") {
		fmt.Fprintf(&chunks, "%x\r\n%s=\r\n", len(part)+1, part)
	}
	head := "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\nTransfer-Encoding: chunked\r\n\r\n"
	c.send(head + chunks.String() + "0\r\n\r\n")
	if a := c.receive("POST"); a.status != 401 { // the form now ends with =, and so does the token
		t.Fatalf("status %d, %s", a.status, a.body)
	}
	c.send(head + fmt.Sprintf("%x\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\n\r\n", 10, form[:10], len(form)-10, form[10:]))
	if a := c.receive("POST"); a.status != 200 {
		t.Fatalf("status %d, %s", a.status, a.body)
	}
	if e, _ := n.store.entry("k"); string(e.value) != "hello world" {
		t.Errorf("stored %q", e.value)
	}
}

// TestHalfRequest: a body that ends early is no body, wherever it is cut.
func TestHalfRequest(t *testing.T) {
	n := start(t, nil)
	form := "cmd=set&key=k&token=" + n.token() + "&valuedata=" + strings.Repeat("v", 20_000)
	head := "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\n"
	known := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(form), form)
	chunked := fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n",
		head, 1000, form[:1000], len(form)-1000, form[1000:])
	betweenChunks := strings.Index(chunked, form[:1000]) + 1000 + 2
	const early, noHeaders, noChunks = "the request body ended early", "the request ended before its headers did", "the request body is not in valid chunks"
	cuts := map[string][2]string{
		"in the request line":                {known[:7], noHeaders},
		"in the headers":                     {known[:len(head)-5], noHeaders},
		"before the body":                    {known[:len(known)-len(form)], early},
		"in the body's beginning":            {known[:len(known)-len(form)+5000], early},
		"in the body's middle":               {known[:len(known)-5000], early},
		"one byte before the end":            {known[:len(known)-1], early},
		"chunked, in a chunk":                {chunked[:len(chunked)-100], early},
		"chunked, in the end of a chunk":     {chunked[:betweenChunks-1], early},
		"chunked, between two chunks":        {chunked[:betweenChunks], early},
		"chunked, in a chunk's size":         {chunked[:betweenChunks+1], early},
		"chunked, before the last chunk":     {chunked[:len(chunked)-5], early},
		"chunked, a size that is no size":    {chunked[:betweenChunks] + "xyz\r\n", noChunks},
		"chunked, a first size that is none": {head + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello", noChunks},
		"chunked, a size beyond all bounds":  {chunked[:betweenChunks] + strings.Repeat("f", 40) + "\r\n", noChunks},
		"chunked, no end of a chunk":         {chunked[:betweenChunks-2] + "xx", noChunks},
	}
	for name, cut := range cuts {
		request, reason := cut[0], cut[1]
		c := n.dial()
		c.send(request)
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c.r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), "Owlcache-Error: "+reason+"\r\n") {
			t.Errorf("%s: %.300q", name, answer)
		}
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
	for name, request := range map[string]string{"known": known, "chunked": chunked} {
		c := n.dial()
		c.send(request)
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil { // closing behind a whole request is fine
			t.Fatal(err)
		}
		if a := c.receive("POST"); a.status != 200 {
			t.Errorf("%s, whole: status %d, %s", name, a.status, a.reason())
		}
	}
}

func TestSlowSender(t *testing.T) {
	n := start(t, func(o *Options) { o.ReadTimeout = 200 * time.Millisecond })
	token := n.token()
	for name, begin := range map[string]string{
		"nothing":        "",
		"a request line": "POST /data/ HT",
		"short body":     "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\nContent-Length: 400\r\n\r\ncmd=set&key=k&token=" + token,
		"long body":      "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\nContent-Length: 40000\r\n\r\ncmd=set&key=k&token=" + token + "&valuedata=" + strings.Repeat("v", 20_000),
		"end of a chunk": "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncmd=s\r",
		"chunks":         "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncmd=s\r\n",
	} {
		c := n.dial()
		c.send(begin)
		// It goes on to send a byte at a time: the limit is for the whole request.
		stop := make(chan struct{})
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					if begin == "" || strings.Contains(begin, "chunked") {
						continue
					}
					if _, err := io.WriteString(c.Conn, "v"); err != nil {
						return
					}
				}
			}
		}()
		answer, _ := io.ReadAll(c.r) // the error may be a reset
		close(stop)
		<-stopped
		if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
			t.Errorf("%s: %.200q", name, answer)
		}
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
}

func TestExpectContinue(t *testing.T) {
	n := start(t, nil)
	form := "cmd=set&key=k&valuedata=" + strings.Repeat("v", 100_000) + "&token=" + n.token()
	c := n.dial()
	c.send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", formType, len(form)))
	if a := c.receive("POST"); a.status != 100 {
		t.Fatalf("status %d", a.status)
	}
	c.send(form)
	if a := c.receive("POST"); a.status != 200 {
		t.Fatalf("status %d", a.status)
	}
	if e, _ := n.store.entry("k"); len(e.value) != 100_000 {
		t.Errorf("%d bytes were stored", len(e.value))
	}
}

// TestUnreadBodyIsNoRequest: what a refused request leaves unread must not be served.
func TestUnreadBodyIsNoRequest(t *testing.T) {
	n := start(t, nil)
	smuggled := fmt.Sprintf("GET /data/?cmd=set&key=smuggled&token=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", n.token())
	for _, tt := range []struct {
		head   string
		status int
	}{
		{"POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n", 415},
		{"GET /livez HTTP/1.1\r\nHost: localhost\r\n", 400},
		{"POST /livez HTTP/1.1\r\nHost: localhost\r\n", 405},
		{"POST /nothing HTTP/1.1\r\nHost: localhost\r\n", 404},
		{"POST /data/ HTTP/1.1\r\nHost: evil.example\r\n", 421},
	} {
		for _, size := range []int{0, 20_000} {
			c := n.dial()
			c.send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s%s", tt.head, size+len(smuggled), strings.Repeat("x", size), smuggled))
			if a := c.receive("POST"); a.status != tt.status || !a.close {
				t.Errorf("%.15s: status %d, %v", tt.head, a.status, a.header)
			}
			if !c.ended() {
				t.Errorf("%.15s: the connection goes on", tt.head)
			}
		}
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
}
