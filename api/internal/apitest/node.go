package apitest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"owlcache/api"
	"owlcache/api/internal/exchange"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs the tests of a package and fails if they leave goroutines behind.
func Main(m *testing.M) {
	// fasthttp keeps the text of the Date header in a goroutine of the process.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// Password of each node.
const Password = "correct horse battery staple"

// Secret signs the tokens of each node.
func Secret() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// Node is a server on a free loopback port.
type Node struct {
	*api.Server
	api.Parts
	T      testing.TB
	Store  *MemStore
	Addr   string
	Client *http.Client
}

// StartLoading starts a server that is not Ready.
func StartLoading(t testing.TB, change func(*api.Options)) *Node {
	t.Helper()
	opts := api.Options{Version: "0.6.0", Password: Password, TokenSecret: Secret()}
	if change != nil {
		change(&opts)
	}
	s, err := api.New(opts)
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
	n := &Node{Server: s, Parts: s.Parts(), T: t, Store: NewMemStore(), Addr: ln.Addr().String(), Client: &http.Client{Transport: transport}}
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

// Start starts a server over an empty store.
func Start(t testing.TB, change func(*api.Options)) *Node {
	t.Helper()
	n := StartLoading(t, change)
	n.Ready(n.Store)
	return n
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Close  bool // the connection ends with it
}

// Reason returns the header that says why.
func (a Answer) Reason() string { return a.Header.Get(exchange.HeaderError) }

// Do sends a request and reads the whole answer.
func (n *Node) Do(req *http.Request) Answer {
	n.T.Helper()
	resp, err := n.Client.Do(req)
	if err != nil {
		n.T.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		n.T.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// Request makes a request for path, which may have a query.
func (n *Node) Request(method, path, contentType, body string) *http.Request {
	n.T.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, "http://"+n.Addr+path, r)
	if err != nil {
		n.T.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

// Get asks for path.
func (n *Node) Get(path string) Answer {
	n.T.Helper()
	return n.Do(n.Request("GET", path, "", ""))
}

const FormType = "application/x-www-form-urlencoded"

// Cmd runs a command with parameters in the query, given as name, value, …
func (n *Node) Cmd(pairs ...string) Answer {
	n.T.Helper()
	return n.Get("/data/?" + Encode(pairs...))
}

// Post runs a command with parameters in an urlencoded body.
func (n *Node) Post(pairs ...string) Answer {
	n.T.Helper()
	return n.Do(n.Request("POST", "/data/", FormType, Encode(pairs...)))
}

func Encode(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// Envelope is the envelope as clients know it.
type Envelope struct {
	Cmd           string
	Status        int
	Results       string
	Key           string
	Data          []byte
	ResponseHost  string
	KeyCreateTime time.Time
}

func (a Answer) Envelope(t testing.TB) Envelope {
	t.Helper()
	var e Envelope
	if err := json.Unmarshal([]byte(a.Body), &e); err != nil {
		t.Fatalf("status %d, body %q: %v", a.Status, a.Body, err)
	}
	return e
}

// Token logs in.
func (n *Node) Token() string {
	n.T.Helper()
	a := n.Post("cmd", "pass", "pass", Password)
	if a.Status != 200 {
		n.T.Fatalf("pass: status %d: %s", a.Status, a.Body)
	}
	return string(a.Envelope(n.T).Data)
}

// MustSet stores a value.
func (n *Node) MustSet(key, value string) {
	n.T.Helper()
	if a := n.Post("cmd", "set", "key", key, "valuedata", value, "token", n.Token()); a.Status != 200 {
		n.T.Fatalf("set %q: status %d: %s", key, a.Status, a.Body)
	}
}

// Dial opens a raw connection that fails the test rather than hang.
func (n *Node) Dial() *RawConn {
	n.T.Helper()
	c, err := net.Dial("tcp", n.Addr)
	if err != nil {
		n.T.Fatal(err)
	}
	n.T.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.T.Fatal(err)
	}
	return &RawConn{Conn: c, R: bufio.NewReader(c), T: n.T}
}

// RawConn speaks HTTP by the byte.
type RawConn struct {
	net.Conn
	R *bufio.Reader
	T testing.TB
}

func (c *RawConn) Send(s string) {
	c.T.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.T.Fatal(err)
	}
}

// receive reads one answer to a request of this method.
func (c *RawConn) Receive(method string) Answer {
	c.T.Helper()
	resp, err := http.ReadResponse(c.R, &http.Request{Method: method})
	if err != nil {
		c.T.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// ended tells whether the server has closed the connection without more to say.
func (c *RawConn) Ended() bool {
	_, err := c.R.ReadByte()
	return err != nil
}

// Eventually waits until ok, and fails the test if that takes too long.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for range time.Tick(time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

func B64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// WithToken asks for path with a token.
func (n *Node) WithToken(path string) Answer {
	n.T.Helper()
	req := n.Request("GET", path, "", "")
	req.Header.Set("Authorization", "Bearer "+n.Token())
	return n.Do(req)
}

// MultipartForm returns a form with fields and a file, and its Content-Type.
func MultipartForm(t *testing.T, file string, pairs ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		f, err := w.CreateFormFile("valuedata", "picture.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}
