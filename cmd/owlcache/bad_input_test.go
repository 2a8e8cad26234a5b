package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"owlcache/cmd/owlcache/internal/e2e"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// badInput is what a client sends that is no client, or none that means well.
type badInput struct {
	name string
	text string
	// want are the statuses of the answers; for TCP "" is a line that is no envelope. What
	// comes is cut off where the node ends the connection.
	want []string
}

// attack is a request that must not be taken for one: it would set the key smuggled.
func attack(n *lineNode, token string) string {
	return "GET /data/?cmd=set&key=smuggled&valuedata=x&token=" + token + " HTTP/1.1\r\nHost: " + n.addr + "\r\n\r\n"
}

// badHTTP is for the HTTP port.
func badHTTP(n *lineNode, token string) []badInput {
	host := "Host: " + n.addr + "\r\n"
	form := "Content-Type: application/x-www-form-urlencoded\r\n"
	multi := "Content-Type: multipart/form-data; boundary=b\r\n"
	smuggled := attack(n, token)
	sized := func(headers, body string) string {
		return fmt.Sprintf("POST /data/ HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s", host, headers, len(body), body)
	}
	chunked := func(body string) string {
		return "POST /data/ HTTP/1.1\r\n" + host + form + "Transfer-Encoding: chunked\r\n\r\n" + body
	}
	get := func(query string) string { return "GET /data/?" + query + " HTTP/1.1\r\n" + host + "\r\n" }
	one := func(status string) []string { return []string{status} }
	return []badInput{
		{"large header", "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 100_000) + "\r\n\r\n" + smuggled, one("431")},
		{"many headers", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: a\r\n", 20_000) + "\r\n" + smuggled, one("431")},
		{"large target", "GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\n" + host + "\r\n" + smuggled, one("431")},
		{"a megabyte without a line end", strings.Repeat("a", 1<<20), one("431")},
		{"zeros", strings.Repeat("\x00", 10_000), one("400")},
		{"zeros in the request line", "GET /\x00data/?cmd=ping HTTP/1.1\r\n" + host + "\r\n", one("400")},
		{"zeros in a header", "GET /data/?cmd=ping HTTP/1.1\r\n" + host + "X: \x00\r\n\r\n" + smuggled, one("400")},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x01", 500) + "\r\n\r\n", one("400")},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", one("505")},
		{"HTTP/0.9", "GET /\r\n\r\n", one("400")},
		{"HTTP/9.9", "GET / HTTP/9.9\r\n" + host + "\r\n", one("505")},
		{"a long method", strings.Repeat("A", 5_000) + " / HTTP/1.1\r\n" + host + "\r\n", one("501")},
		{"no head", "\r\n\r\n\r\n\r\n", nil},
		{"a foreign host", "GET / HTTP/1.1\r\nHost: owls.example\r\n\r\n", one("421")},
		{"the line protocol", "set k v\nset k v\n\n", one("400")},

		{"length and chunks", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, one("400")},
		{"two lengths", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length: 5\r\nContent-Length: 50\r\n\r\nabcde" + smuggled, one("400")},
		{"a negative length", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length: -1\r\n\r\n" + smuggled, one("400")},
		{"a length with a sign", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length: +5\r\n\r\nabcde" + smuggled, one("400")},
		{"a length too large for a number", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length: " + strings.Repeat("9", 40) + "\r\n\r\n" + smuggled, one("400")},
		{"a length too large", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length: 999999999999\r\n\r\n" + smuggled, one("413")},
		{"a length with a space before the colon", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Content-Length : 5\r\n\r\n" + smuggled, one("400")},
		{"a folded header", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n" + smuggled, one("400")},
		{"another transfer encoding", "POST /data/?cmd=ping HTTP/1.1\r\n" + host + form + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled, one("400")},
		{"chunks over HTTP/1.0", "POST /data/?cmd=ping HTTP/1.0\r\n" + host + form + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, one("400")},
		{"a chunk without a size", chunked("zz\r\nabc\r\n0\r\n\r\n" + smuggled), one("400")},
		{"a chunk of a wrong size", chunked("2\r\ncmd=ping\r\n0\r\n\r\n" + smuggled), one("400")},
		{"a chunk too large for a number", chunked("fffffffffffffffffff\r\nabc\r\n" + smuggled), one("400")},
		{"a negative chunk", chunked("-1\r\nabc\r\n0\r\n\r\n" + smuggled), one("400")},
		{"a body that is cut off", "POST /data/ HTTP/1.1\r\n" + host + form + "Content-Length: 100\r\n\r\ncmd=set", one("400")},
		{"a body for a path that takes none", "POST /livez HTTP/1.1\r\n" + host + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(smuggled)) + smuggled, one("405")},
		{"a body of another type", sized("Content-Type: application/json\r\n", `{"cmd":"ping"}`+smuggled), one("415")},
		{"a compressed body", sized(form+"Content-Encoding: gzip\r\n", "\x1f\x8b"+smuggled), one("415")},
		{"another expectation", sized(form+"Expect: a miracle\r\n", "cmd=ping"+smuggled), one("417")},

		{"broken percent escapes", get("cmd=get&key=%zz") + get("cmd=get&key=%"), []string{"500", "500"}},
		{"a key that is no UTF-8", get("cmd=get&key=%ff%fe%00"), one("404")},
		{"a key that would end a header", get("cmd=get&key=a%0d%0aX-Injected:%20b%0d%0a%0d%0aHTTP/1.1%20200%20OK"), one("404")},
		{"a key that is too long", sized(form, "cmd=get&key="+strings.Repeat("k", 9000)), one("500")},
		{"thousands of parameters", sized(form, strings.Repeat("a=b&", 300_000)+"cmd=ping"), one("200")},
		{"thousands of equal parameters", sized(form, "cmd=ping"+strings.Repeat("&cmd=set", 100_000)), one("200")},
		{"only separators", sized(form, strings.Repeat("&=", 500_000)), one("501")},
		{"a form without a boundary", sized("Content-Type: multipart/form-data\r\n", "--b"), one("500")},
		{"a form without an end", sized(multi, "--b\r\nContent-Disposition: form-data; name=\"cmd\"\r\n\r\nping"), one("500")},
		{"a form of thousands of parts", sized(multi, strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n", 10_000)+"--b--"), one("500")},
		{"a form with a part of headers only", sized(multi, "--b\r\n"+strings.Repeat("X: y\r\n", 100_000)), one("500")},
		{"a path with dots", "GET /data/../../etc/passwd HTTP/1.1\r\n" + host + "\r\n", one("404")},
		{"a target of another kind", "GET ftp://a/b HTTP/1.1\r\n" + host + "\r\n", one("421")},
	}
}

// badTCP is for the line protocol.
func badTCP() []badInput {
	return []badInput{
		{"a long line", "set big " + strings.Repeat("x", 17<<20), []string{"500"}},
		{"zeros", strings.Repeat("\x00", 1000) + "\n", []string{"501"}},
		{"no commands", strings.Repeat("\n", 1000), slices.Repeat([]string{"501"}, 1000)},
		{"carriage returns", "get k\rset smuggled x\r\n", []string{""}},
		{"a key that is no UTF-8", "get \xff\xfe info\n", []string{"404"}},
		{"a key that is too long", "exist " + strings.Repeat("k", 9000) + "\n", []string{"500"}},
		{"a time too large for a number", "expire k " + strings.Repeat("9", 400) + "\nexpire k NaN\nexpire k -0x1\n", []string{"500", "500", "500"}},
		{"a line that is cut off", "set smuggled x", nil},
		{"a request of a web page", "POST / HTTP/1.1\r\nHost: x\r\n\r\nset smuggled x\r\n", nil},
		{"a request for a path", "ping a\nGET /a HTTP/1.1\r\nset smuggled x\r\n", []string{""}},
		{"a header", "Host: x\r\nset smuggled x\r\n", nil},
		{"TLS", "\x16\x03\x01\x00\x05\nset smuggled x\n", nil},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nset smuggled x\n", nil},
	}
}

// badFrames are for a WebSocket. The node answers none of them but may say goodbye.
func badFrames() []badInput {
	mask := "\x01\x02\x03\x04"
	return []badInput{
		{"a frame that is not masked", "\x81\x05get k", nil},
		{"reserved bits", "\xf1\x80" + mask, nil},
		{"a reserved kind", "\x83\x80" + mask, nil},
		{"a length too large", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + mask, nil},
		{"a message too large", "\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00" + mask + strings.Repeat("x", 1<<20), nil},
		{"a ping too large", "\x89\xfe\x00\xff" + mask + strings.Repeat("x", 255), nil},
		{"a ping in pieces", "\x09\x80" + mask, nil},
		{"a piece of nothing", "\x80\x80" + mask, nil},
		{"a goodbye of one byte", "\x88\x81" + mask + "x", nil},
		{"a goodbye with a code that there is not", "\x88\x82" + mask + "\x01\x02", nil},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", nil},
		{"zeros", strings.Repeat("\x00", 10_000), nil},
	}
}

// TestBadInput: whatever comes in on a port, the node answers it as it should, does nothing
// that it should not and serves the next client.
func TestBadInput(t *testing.T) {
	t.Parallel()
	n := startLineNode(t)
	token := loginToken(t, n.addr, groupPassword)
	for _, b := range badHTTP(n, token) {
		t.Run("HTTP/"+b.name, func(t *testing.T) {
			got := push(t, n.addr, b.text)
			if statuses := matches(`(?m)^HTTP/1\.[01] (\d{3}) `, got); !slices.Equal(statuses, b.want) {
				t.Errorf("statuses %q, want %q, in %.1000q", statuses, b.want, got)
			}
			if strings.Contains(got, "\nX-Injected") {
				t.Errorf("a header of the client's is answered: %q", got)
			}
			n.stillServes(t)
		})
	}
	for _, b := range badTCP() {
		t.Run("TCP/"+b.name, func(t *testing.T) {
			got, _ := strings.CutPrefix(push(t, n.tcp, b.text), "Owlcache TCP Link Success...\n")
			var statuses []string
			for line := range strings.Lines(got) {
				statuses = append(statuses, strings.Join(matches(`"Status":(\d+)`, line), ""))
			}
			if !slices.Equal(statuses, b.want) {
				t.Errorf("statuses %q, want %q, in %.1000q", statuses, b.want, got)
			}
			n.stillServes(t)
		})
	}
	handshake := "GET /ws HTTP/1.1\r\nHost: " + n.addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for _, b := range badFrames() {
		t.Run("WebSocket/"+b.name, func(t *testing.T) {
			head, frames, found := strings.Cut(push(t, n.addr, handshake+b.text+attack(n, token)), "\r\n\r\n")
			if !found || !strings.HasPrefix(head, "HTTP/1.1 101 ") {
				t.Fatalf("handshake %q", head)
			}
			if frames != "" && frames[0] != '\x88' || len(frames) > 127 {
				t.Errorf("answered with %.200q, want a goodbye", frames)
			}
			n.stillServes(t)
		})
	}
	if got := getHTTP(t, n.addr, "smuggled"); got != "404 " {
		t.Errorf("a request that was none has been obeyed: %s", got)
	}
	if _, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/metrics", nil); err != nil || !strings.Contains(string(body), "\nowlcache_keys 0\n") {
		t.Errorf("something is stored, %v: %q", err, matches(`(?m)^owlcache_keys .*$`, string(body)))
	}
	if log := n.log.String(); strings.Contains(log, "panic") || strings.Contains(log, token) {
		t.Errorf("log: %s", log)
	}
}

// matches returns what the last group of a pattern finds, or all of it.
func matches(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[len(m)-1])
	}
	return found
}

// push sends text over a connection of its own and returns all that comes back until the
// node ends it. The node need not read all of text.
func push(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is lost with it
	if err := c.SetDeadline(time.Now().Add(e2e.Patience)); err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if _, err := io.WriteString(c, text); err == nil {
			_ = c.(*net.TCPConn).CloseWrite() // the node may have gone meanwhile
		}
	}()
	got, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // only the one of the connection itself
		t.Errorf("the connection is still open after %v; %.200q came", e2e.Patience, got)
	}
	_ = c.Close() // so that the sender ends
	<-sent
	return string(got)
}

// stillServes checks that the node answers over both protocols.
func (n *lineNode) stillServes(t *testing.T) {
	t.Helper()
	if status, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/data/?cmd=ping", nil); err != nil || status != http.StatusOK {
		t.Fatalf("HTTP after it: %d, %s, %v", status, body, err)
	}
	if got := tell(t, n.tcp, "ping"); got[0] != "PONG" {
		t.Fatalf("TCP after it: %q", got)
	}
}
