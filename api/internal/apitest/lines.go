package apitest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"owlcache/api"
	"strings"
	"testing"
	"time"
)

// StartLines starts a server of both protocols over an empty store and returns the address
// of the line protocol.
func StartLines(t testing.TB, change func(*api.Options)) (n *Node, addr string) {
	t.Helper()
	return StartLinesFrom(t, false, change)
}

// StartLinesFrom is StartLines, to which clients may be as from another machine.
func StartLinesFrom(t testing.TB, elsewhere bool, change func(*api.Options)) (n *Node, addr string) {
	t.Helper()
	n = StartLoading(t, change)
	n.Node.Access.GuardLoopback = elsewhere
	addr = n.ServeLines()
	n.Ready(n.Store)
	return n, addr
}

// ServeLines serves the line protocol until the test ends.
func (n *Node) ServeLines() (addr string) {
	n.T.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.T.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.ServeTCP(ln) }()
	n.T.Cleanup(func() { // after that of startLoading, which shuts down, has been set up: it runs before it
		_ = ln.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
			n.T.Errorf("ServeTCP: %v", err)
		}
	})
	return ln.Addr().String()
}

// LineClient is a client of the line protocol.
type LineClient struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

// DialLines connects and reads the greeting.
func DialLines(t testing.TB, addr string) *LineClient {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	l := &LineClient{t, c, bufio.NewReader(c)}
	if got := l.Line(); got != "Owlcache TCP Link Success..." {
		t.Fatalf("greeting %q", got)
	}
	return l
}

// Send sends text.
func (l *LineClient) Send(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l, text); err != nil {
		l.t.Fatal(err)
	}
}

// Line reads a line.
func (l *LineClient) Line() string {
	l.t.Helper()
	s, err := l.r.ReadString('\n')
	if err != nil {
		l.t.Fatalf("read %q, then %v", s, err)
	}
	return strings.TrimSuffix(s, "\n")
}

// Ask sends a line and reads one.
func (l *LineClient) Ask(line string) string {
	l.t.Helper()
	l.Send(line + "\n")
	return l.Line()
}

// LineStatus returns the status of an envelope.
func LineStatus(t testing.TB, line string) int {
	t.Helper()
	return Answer{Body: line}.Envelope(t).Status
}

// Ended reads to the end of the connection and returns what came before it.
func (l *LineClient) Ended() string {
	l.t.Helper()
	b, err := io.ReadAll(l.r)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		l.t.Fatalf("the connection is still open; %q came", b)
	}
	return string(b)
}
