package api_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/engine"
)

func TestLargestValueUrlencoded(t *testing.T) {
	n := apitest.Start(t, nil)
	value := strings.Repeat("\xff", engine.MaxValueSize) // every byte takes three
	a := n.Post("cmd", "set", "key", strings.Repeat("\xfe", engine.MaxKeySize), "valuedata", value, "token", n.Token())
	if a.Status != 200 {
		t.Fatalf("status %d, %s", a.Status, a.Reason())
	}
	if e, _ := n.Store.Entry(strings.Repeat("\xfe", engine.MaxKeySize)); string(e.Value) != value {
		t.Errorf("%d bytes were stored", len(e.Value))
	}
}

func TestBodyTooLarge(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.MaxValueSize = 1000 })
	limit := exchange.MaxBody(1000)
	token := n.Token()
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
		req := n.Request("POST", "/data/", apitest.FormType, pad(tt.size))
		if tt.chunked {
			req.ContentLength = -1
		}
		a := n.Do(req)
		if a.Status != tt.status {
			t.Errorf("%s: status %d, %s", tt.name, a.Status, a.Body)
		}
		if tt.status == 413 && (a.Reason() == "" || !a.Close) {
			t.Errorf("%s: header %v", tt.name, a.Header)
		}
	}
	if n.Store.Writes() != 2 {
		t.Errorf("%d writes, want 2", n.Store.Writes())
	}
	if a := n.Do(n.Request("POST", "/data/?cmd=set&key=k&token="+token, apitest.FormType, "valuedata="+strings.Repeat("v", 1001))); a.Status != 500 || a.Reason() != "value is too large" {
		t.Errorf("a value that is too large in a body that is not: status %d, %s", a.Status, a.Reason())
	}
}

func TestAnnouncedBodyTakesNoMemory(t *testing.T) {
	n := apitest.Start(t, nil)
	for range 20 { // together they announce far more than the budget
		c := n.Dial()
		c.Send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\ncmd=ping", apitest.FormType, 40<<20))
	}
	if a := n.Post("cmd", "set", "key", "k", "valuedata", strings.Repeat("v", 1<<20), "token", n.Token()); a.Status != 200 {
		t.Errorf("status %d, %s", a.Status, a.Body)
	}
}

func TestBodyMemoryIsBounded(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.MaxBodyMemory = 1 << 20 })
	token := n.Token()
	big := strings.Repeat("v", 2<<20)
	a := n.Post("cmd", "set", "key", "k", "valuedata", big, "token", token)
	if a.Status != 503 || a.Header.Get("Retry-After") != "1" || n.Store.Writes() != 0 {
		t.Errorf("urlencoded: status %d, %v, %d writes", a.Status, a.Header, n.Store.Writes())
	}
	body, contentType := apitest.MultipartForm(t, big[:600<<10], "cmd", "set", "key", "k", "token", token)
	if a := n.Do(n.Request("POST", "/data/", contentType, body)); a.Status != 503 {
		t.Errorf("multipart, which is copied: status %d", a.Status)
	}
	if a := n.Post("cmd", "set", "key", "k", "valuedata", big[:500<<10], "token", token); a.Status != 200 {
		t.Errorf("after these: status %d, %s", a.Status, a.Body)
	}
	apitest.WantWhole(t, n.Node.Requests)
}

func TestChunkedBody(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	c := n.Dial()
	form := "cmd=set&key=k&valuedata=hello+world&token=" + token
	var chunks strings.Builder
	for part := range strings.SplitSeq(form, "=") {
		fmt.Fprintf(&chunks, "%x\r\n%s=\r\n", len(part)+1, part)
	}
	head := "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + apitest.FormType + "\r\nTransfer-Encoding: chunked\r\n\r\n"
	c.Send(head + chunks.String() + "0\r\n\r\n")
	if a := c.Receive("POST"); a.Status != 401 { // the form now ends with =, and so does the token
		t.Fatalf("status %d, %s", a.Status, a.Body)
	}
	c.Send(head + fmt.Sprintf("%x\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\n\r\n", 10, form[:10], len(form)-10, form[10:]))
	if a := c.Receive("POST"); a.Status != 200 {
		t.Fatalf("status %d, %s", a.Status, a.Body)
	}
	if e, _ := n.Store.Entry("k"); string(e.Value) != "hello world" {
		t.Errorf("stored %q", e.Value)
	}
}

// TestHalfRequest: a body that ends early is no body, wherever it is cut.
func TestHalfRequest(t *testing.T) {
	n := apitest.Start(t, nil)
	form := "cmd=set&key=k&token=" + n.Token() + "&valuedata=" + strings.Repeat("v", 20_000)
	head := "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + apitest.FormType + "\r\n"
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
		c := n.Dial()
		c.Send(request)
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c.R)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), "Owlcache-Error: "+reason+"\r\n") {
			t.Errorf("%s: %.300q", name, answer)
		}
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
	for name, request := range map[string]string{"known": known, "chunked": chunked} {
		c := n.Dial()
		c.Send(request)
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil { // closing behind a whole request is fine
			t.Fatal(err)
		}
		if a := c.Receive("POST"); a.Status != 200 {
			t.Errorf("%s, whole: status %d, %s", name, a.Status, a.Reason())
		}
	}
}

func TestSlowSender(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.ReadTimeout = 200 * time.Millisecond })
	token := n.Token()
	for name, begin := range map[string]string{
		"nothing":        "",
		"a request line": "POST /data/ HT",
		"short body":     "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + apitest.FormType + "\r\nContent-Length: 400\r\n\r\ncmd=set&key=k&token=" + token,
		"long body":      "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + apitest.FormType + "\r\nContent-Length: 40000\r\n\r\ncmd=set&key=k&token=" + token + "&valuedata=" + strings.Repeat("v", 20_000),
		"end of a chunk": "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + apitest.FormType + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncmd=s\r",
		"chunks":         "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + apitest.FormType + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncmd=s\r\n",
	} {
		c := n.Dial()
		c.Send(begin)
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
		answer, _ := io.ReadAll(c.R) // the error may be a reset
		close(stop)
		<-stopped
		if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
			t.Errorf("%s: %.200q", name, answer)
		}
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
}

func TestExpectContinue(t *testing.T) {
	n := apitest.Start(t, nil)
	form := "cmd=set&key=k&valuedata=" + strings.Repeat("v", 100_000) + "&token=" + n.Token()
	c := n.Dial()
	c.Send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", apitest.FormType, len(form)))
	if a := c.Receive("POST"); a.Status != 100 {
		t.Fatalf("status %d", a.Status)
	}
	c.Send(form)
	if a := c.Receive("POST"); a.Status != 200 {
		t.Fatalf("status %d", a.Status)
	}
	if e, _ := n.Store.Entry("k"); len(e.Value) != 100_000 {
		t.Errorf("%d bytes were stored", len(e.Value))
	}
}

// TestUnreadBodyIsNoRequest: what a refused request leaves unread must not be served.
func TestUnreadBodyIsNoRequest(t *testing.T) {
	n := apitest.Start(t, nil)
	smuggled := fmt.Sprintf("GET /data/?cmd=set&key=smuggled&token=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", n.Token())
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
			c := n.Dial()
			c.Send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s%s", tt.head, size+len(smuggled), strings.Repeat("x", size), smuggled))
			if a := c.Receive("POST"); a.Status != tt.status || !a.Close {
				t.Errorf("%.15s: status %d, %v", tt.head, a.Status, a.Header)
			}
			if !c.Ended() {
				t.Errorf("%.15s: the connection goes on", tt.head)
			}
		}
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
}
