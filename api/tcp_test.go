package api

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

// startTCP starts a server of both protocols over an empty store and returns the address
// of the line protocol.
func startTCP(t testing.TB, change func(*Options)) (n *node, addr string) {
	t.Helper()
	return startTCPFrom(t, false, change)
}

// startTCPFrom is startTCP, to which clients may be as from another machine.
func startTCPFrom(t testing.TB, elsewhere bool, change func(*Options)) (n *node, addr string) {
	t.Helper()
	n = startLoading(t, change)
	n.guardLoopback = elsewhere
	addr = n.serveTCP()
	n.Ready(n.store)
	return n, addr
}

// serveTCP serves the line protocol until the test ends.
func (n *node) serveTCP() (addr string) {
	n.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.ServeTCP(ln) }()
	n.t.Cleanup(func() { // after that of startLoading, which shuts down, has been set up: it runs before it
		_ = ln.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
			n.t.Errorf("ServeTCP: %v", err)
		}
	})
	return ln.Addr().String()
}

// lineClient is a client of the line protocol.
type lineClient struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

// dialLines connects and reads the greeting.
func dialLines(t testing.TB, addr string) *lineClient {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	l := &lineClient{t, c, bufio.NewReader(c)}
	if got := l.line(); got != "Owlcache TCP Link Success..." {
		t.Fatalf("greeting %q", got)
	}
	return l
}

func (l *lineClient) send(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l, text); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lineClient) line() string {
	l.t.Helper()
	s, err := l.r.ReadString('\n')
	if err != nil {
		l.t.Fatalf("read %q, then %v", s, err)
	}
	return strings.TrimSuffix(s, "\n")
}

func (l *lineClient) ask(line string) string {
	l.t.Helper()
	l.send(line + "\n")
	return l.line()
}

// status returns the status of an envelope.
func lineStatus(t testing.TB, line string) int {
	t.Helper()
	return answer{body: line}.envelope(t).Status
}

// ended reads to the end of the connection and returns what came before it.
func (l *lineClient) ended() string {
	l.t.Helper()
	b, err := io.ReadAll(l.r)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		l.t.Fatalf("the connection is still open; %q came", b)
	}
	return string(b)
}

func TestTCPCommands(t *testing.T) {
	n, addr := startTCP(t, func(o *Options) { o.ResponseHost, o.TCPPort = "cache.example", 7720 })
	l := dialLines(t, addr)
	const zero = `"KeyCreateTime":"0001-01-01T00:00:00Z"}`
	envelope := func(cmd string, status int, results, key string) string {
		return fmt.Sprintf(`{"Cmd":"%s","Status":%d,"Results":"%s","Key":"%s","Data":null,"ResponseHost":"cache.example:7720",%s`, cmd, status, results, key, zero)
	}
	got := l.ask("set hello world  of owls ")
	e, _ := n.store.entry("hello")
	created := time.Unix(0, e.meta.Created).UTC().Format(time.RFC3339Nano)
	want := `{"Cmd":"set","Status":200,"Results":"SUCCESS","Key":"hello","Data":"","ResponseHost":"cache.example:7720","KeyCreateTime":"` + created + `"}`
	if got != want || string(e.value) != "world  of owls " {
		t.Errorf("set\n got %s\nwant %s\nvalue %q", got, want, e.value)
	}
	for _, tt := range []struct{ line, want string }{
		{"get hello", "world  of owls "},
		{"get hello\r", "world  of owls "},
		{"get hello info", `{"Cmd":"get","Status":200,"Results":"SUCCESS","Key":"hello","Data":"` +
			base64.StdEncoding.EncodeToString([]byte("world  of owls ")) + `","ResponseHost":"cache.example:7720","KeyCreateTime":"` + created + `"}`},
		{"exist hello", envelope("exist", 200, "SUCCESS", "hello")},
		{"expire hello 100", envelope("expire", 200, "SUCCESS", "hello")},
		{"expire hello -1", envelope("expire", 500, "ERROR", "hello")},
		{"expire hello soon", envelope("expire", 500, "ERROR", "hello")},
		{"expire hello", envelope("expire", 500, "ERROR", "hello")},
		{"delete hello", envelope("delete", 200, "SUCCESS", "hello")},
		{"get hello", ""},
		{"get hello info", envelope("get", 404, "NOT_FOUND", "hello")},
		{"exist hello", envelope("exist", 404, "NOT_FOUND", "hello")},
		{"expire hello 1", envelope("expire", 404, "NOT_FOUND", "hello")},
		{"delete hello", envelope("delete", 404, "NOT_FOUND", "hello")},
		{"get ", ""},
		{"get  info", envelope("get", 500, "ERROR", "")},
		{"set  v", envelope("set", 500, "ERROR", "")},
		{"get " + strings.Repeat("k", engine.MaxKeySize+1), ""},
		{"ping", "PONG"},
		{"ping ", "PONG"},
		{"ping hello owl", "hello owl"},
		{"SET A b", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"GET k", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"set", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"nonsense \x00\xff", envelope("", 501, "UNKNOWN_COMMAND", "")},
	} {
		if got := l.ask(tt.line); got != tt.want {
			t.Errorf("%.60q\n got %s\nwant %s", tt.line, got, tt.want)
		}
	}
	l.ask("set empty")
	if got := l.ask("get empty info"); !strings.Contains(got, `"Data":"",`) {
		t.Errorf("an empty value: %s", got)
	}
}

// TestTCPPipeline: answers come in order, a connection sees its own writes, and writes that
// follow each other are one submission.
func TestTCPPipeline(t *testing.T) {
	n, addr := startTCP(t, nil)
	l := dialLines(t, addr)
	const count = 200
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "set k%d v%d\n", i, i)
	}
	fmt.Fprintf(&b, "get k7\ndelete k7\nexpire k7 5\nset  v\nget k7\nset k7 again\nget k7 info\nget k8\nunknown\nset last x\n")
	l.send(b.String())
	for i := range count {
		if e := (answer{body: l.line()}).envelope(t); e.Status != 200 || e.Key != fmt.Sprintf("k%d", i) {
			t.Fatalf("answer %d: %+v", i, e)
		}
	}
	for i, want := range []string{"v7", `"Cmd":"delete","Status":200`, `"Cmd":"expire","Status":404`, `"Cmd":"set","Status":500`, "", `"Cmd":"set","Status":200`, `"Data":"YWdhaW4="`, "v8", `"Status":501`, `"Key":"last"`} {
		if got := l.line(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("answer %d behind them: %s, want %s", i, got, want)
		}
	}
	if commits := n.store.commitCount(); commits > 20 {
		t.Errorf("%d submissions", commits) // a pipeline may arrive in several pieces
	}
}

// TestTCPInPieces: it does not matter how lines are cut into packets.
func TestTCPInPieces(t *testing.T) {
	_, addr := startTCP(t, nil)
	l := dialLines(t, addr)
	const text = "set k va lue\r\nget k\nping x\nget k info\n"
	for i := range len(text) {
		l.send(text[i : i+1])
	}
	for _, want := range []string{`"Status":200`, "va lue", "x", `"Data":"dmEgbHVl"`} {
		if got := l.line(); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	// The end of a connection is no line end.
	l.send("set k other")
	if err := l.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest := l.ended(); rest != "" {
		t.Errorf("a line that was cut off is answered: %q", rest)
	}
	if got := dialLines(t, addr).ask("get k"); got != "va lue" {
		t.Errorf("value %q after a line that was cut off", got)
	}
}

// TestTCPAnswersBeforeEnd: what came before the client closed its side is answered.
func TestTCPAnswersBeforeEnd(t *testing.T) {
	_, addr := startTCP(t, nil)
	l := dialLines(t, addr)
	l.send("set k v\nget k\n")
	if err := l.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest := l.ended(); !strings.HasSuffix(rest, "}\nv\n") {
		t.Errorf("%q", rest)
	}
}

func TestTCPPassword(t *testing.T) {
	n, addr := startTCPFrom(t, true, nil)
	l := dialLines(t, addr)
	for _, line := range []string{"set k v", "delete k", "expire k 1"} {
		e := answer{body: l.ask(line)}.envelope(t)
		if e.Status != 401 || e.Results != "NOT_PASS" || e.Key != "k" {
			t.Errorf("%s without a password: %+v", line, e)
		}
	}
	if n.store.writes() != 0 {
		t.Error("something was written")
	}
	if got := l.ask("get k") + l.ask("ping"); got != "PONG" {
		t.Errorf("reads: %q", got)
	}
	if got := lineStatus(t, l.ask("pass wrong")); got != 500 {
		t.Errorf("wrong password: %d", got)
	}
	if got := lineStatus(t, l.ask("set k v")); got != 401 {
		t.Errorf("after a wrong password: %d", got)
	}
	if got := l.ask("pass " + testPassword); lineStatus(t, got) != 200 || strings.Contains(got, testPassword) {
		t.Errorf("password: %s", got)
	}
	if got := lineStatus(t, l.ask("set k v")); got != 200 {
		t.Errorf("after the password: %d", got)
	}
	if got := lineStatus(t, dialLines(t, addr).ask("set k v")); got != 401 {
		t.Errorf("another connection: %d", got)
	}
}

// TestTCPGuessing: who guesses is shut out, over both protocols, and loses the connection.
func TestTCPGuessing(t *testing.T) {
	n, addr := startTCPFrom(t, true, nil)
	l := dialLines(t, addr)
	for range maxLoginFailures {
		if got := lineStatus(t, l.ask("pass wrong")); got != 500 {
			t.Fatalf("wrong password: %d", got)
		}
	}
	l.send("pass " + testPassword + "\nset k v\n")
	if got := l.ended(); lineStatus(t, strings.TrimSpace(got)) != 500 {
		t.Errorf("right password after too many wrong ones: %s", got)
	}
	if a := n.post("cmd", "pass", "pass", testPassword); a.status != 429 {
		t.Errorf("over HTTP: %d", a.status)
	}
}

func TestTCPOpenWrites(t *testing.T) {
	_, addr := startTCPFrom(t, true, func(o *Options) { o.TCPOpenWrites = true })
	if got := lineStatus(t, dialLines(t, addr).ask("set k v")); got != 200 {
		t.Errorf("status %d", got)
	}
}

// TestTCPStoreFails: an answer says what became of each write.
func TestTCPStoreFails(t *testing.T) {
	n, addr := startTCP(t, nil)
	n.store.setFail(engine.ErrNoSpace)
	l := dialLines(t, addr)
	l.send("set a 1\nset b 2\nget a\n")
	for range 2 {
		if got := lineStatus(t, l.line()); got != 500 {
			t.Errorf("status %d", got)
		}
	}
	if got := l.line(); got != "" {
		t.Errorf("value %q", got)
	}
}
