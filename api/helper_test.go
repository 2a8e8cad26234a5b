package api

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// fasthttp keeps the text of the Date header in a goroutine of the process.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

const testPassword = "correct horse battery staple"

var testSecret = []byte("0123456789abcdef0123456789abcdef")

// node is a server on a free loopback port.
type node struct {
	*Server
	t      testing.TB
	store  *memStore
	addr   string
	client *http.Client
}

// startLoading starts a server that is not Ready.
func startLoading(t testing.TB, change func(*Options)) *node {
	t.Helper()
	opts := Options{Version: "0.6.0", Password: testPassword, TokenSecret: testSecret}
	if change != nil {
		change(&opts)
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	transport := &http.Transport{DisableCompression: true}
	n := &node{Server: s, t: t, store: newMemStore(), addr: ln.Addr().String(), client: &http.Client{Transport: transport}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return n
}

// start starts a server over an empty store.
func start(t testing.TB, change func(*Options)) *node {
	t.Helper()
	n := startLoading(t, change)
	n.Ready(n.store)
	return n
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	close  bool // the connection ends with it
}

// reason returns the header that says why.
func (a answer) reason() string { return a.header.Get(headerError) }

// do sends a request and reads the whole answer.
func (n *node) do(req *http.Request) answer {
	n.t.Helper()
	resp, err := n.client.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// request makes a request for path, which may have a query.
func (n *node) request(method, path, contentType, body string) *http.Request {
	n.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, "http://"+n.addr+path, r)
	if err != nil {
		n.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

// get asks for path.
func (n *node) get(path string) answer {
	n.t.Helper()
	return n.do(n.request("GET", path, "", ""))
}

const formType = "application/x-www-form-urlencoded"

// cmd runs a command with parameters in the query, given as name, value, …
func (n *node) cmd(pairs ...string) answer {
	n.t.Helper()
	return n.get("/data/?" + encode(pairs...))
}

// post runs a command with parameters in an urlencoded body.
func (n *node) post(pairs ...string) answer {
	n.t.Helper()
	return n.do(n.request("POST", "/data/", formType, encode(pairs...)))
}

func encode(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// wireEnvelope is the envelope as clients know it.
type wireEnvelope struct {
	Cmd           string
	Status        int
	Results       string
	Key           string
	Data          []byte
	ResponseHost  string
	KeyCreateTime time.Time
}

func (a answer) envelope(t testing.TB) wireEnvelope {
	t.Helper()
	var e wireEnvelope
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("status %d, body %q: %v", a.status, a.body, err)
	}
	return e
}

// token logs in.
func (n *node) token() string {
	n.t.Helper()
	a := n.post("cmd", "pass", "pass", testPassword)
	if a.status != 200 {
		n.t.Fatalf("pass: status %d: %s", a.status, a.body)
	}
	return string(a.envelope(n.t).Data)
}

// mustSet stores a value.
func (n *node) mustSet(key, value string) {
	n.t.Helper()
	if a := n.post("cmd", "set", "key", key, "valuedata", value, "token", n.token()); a.status != 200 {
		n.t.Fatalf("set %q: status %d: %s", key, a.status, a.body)
	}
}

// dial opens a raw connection that fails the test rather than hang.
func (n *node) dial() *rawConn {
	n.t.Helper()
	c, err := net.Dial("tcp", n.addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
	return &rawConn{Conn: c, r: bufio.NewReader(c), t: n.t}
}

// rawConn speaks HTTP by the byte.
type rawConn struct {
	net.Conn
	r *bufio.Reader
	t testing.TB
}

func (c *rawConn) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatal(err)
	}
}

// receive reads one answer to a request of this method.
func (c *rawConn) receive(method string) answer {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// ended tells whether the server has closed the connection without more to say.
func (c *rawConn) ended() bool {
	_, err := c.r.ReadByte()
	return err != nil
}

// eventually waits until ok, and fails the test if that takes too long.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("timed out waiting until %s", what)
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
