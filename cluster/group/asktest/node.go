package asktest

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// Node is a server that answers as a node of version 0.5.1 does.
type Node struct {
	*httptest.Server
	Addr     string
	Requests atomic.Int64

	mu sync.Mutex
	m  map[string]Entry
}

// Entry is a value and its Keycreatetime.
type Entry struct{ Value, Created string }

// NewNode returns a node that is to be started, with Start or StartTLS, and ends with the
// test.
func NewNode(t testing.TB, entries map[string]Entry) *Node {
	n := &Node{m: entries}
	n.Server = httptest.NewUnstartedServer(n)
	n.Addr = n.Listener.Addr().String()
	n.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of broken handshakes
	t.Cleanup(n.Close)
	return n
}

// StartNode starts a node.
func StartNode(t testing.TB, entries map[string]Entry) *Node {
	n := NewNode(t, entries)
	n.Start()
	return n
}

func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.Requests.Add(1)
	n.mu.Lock()
	e, ok := n.m[r.FormValue("key")]
	n.mu.Unlock()
	w.Header().Set("Responsehost", n.Addr)
	w.Header().Set("Key", r.FormValue("key"))
	switch {
	case r.URL.Path != "/data/" || r.FormValue("cmd") != "get":
		w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
		w.Header().Set("Content-Type", "application/json; charset=utf-8;")
		w.WriteHeader(501)
		_, _ = fmt.Fprintf(w, `{"Cmd":%q,"Status":501,"Results":"UNKNOWN_COMMAND","Key":"","Data":null,"ResponseHost":%q,"KeyCreateTime":"0001-01-01T00:00:00Z"}`, r.FormValue("cmd"), n.Addr)
	case !ok:
		w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
		w.WriteHeader(404)
	default:
		w.Header().Set("Keycreatetime", e.Created)
		w.WriteHeader(200)
		_, _ = io.WriteString(w, e.Value)
	}
}

// StartRaw starts a server that does with each connection what serve does, until the
// test ends, and returns its address.
func StartRaw(t testing.TB, serve func(c net.Conn, end <-chan struct{})) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	StartRawOn(t, ln, serve)
	return ln.Addr().String()
}

// StartRawOn is StartRaw on a listener that is there.
func StartRawOn(t testing.TB, ln net.Listener, serve func(c net.Conn, end <-chan struct{})) {
	end := make(chan struct{})
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				defer func() { _ = c.Close() }()
				serve(c, end)
			})
		}
	})
	t.Cleanup(func() {
		close(end)
		_ = ln.Close()
		tasks.Wait()
	})
}

// Saying returns a server that reads a request, answers text, and closes the connection.
func Saying(text string) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, _ <-chan struct{}) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, text)
		}
	}
}
