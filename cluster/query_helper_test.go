package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log" //nolint:depguard // what net/http takes
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/engine"
)

// fakeList is a list of members that a test can change.
type fakeList struct {
	mu      sync.Mutex
	members []string
	changed chan struct{}
}

func listOf(members ...string) *fakeList {
	return &fakeList{members: members, changed: make(chan struct{})}
}

func (l *fakeList) Members() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members
}

func (l *fakeList) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *fakeList) set(members ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members = members
	close(l.changed)
	l.changed = make(chan struct{})
}

// fakeStore is the node's own data.
type fakeStore struct {
	mu sync.Mutex
	m  map[string]reply
}

func storeOf(entries map[string]reply) *fakeStore { return &fakeStore{m: maps.Clone(entries)} }

func (s *fakeStore) Get(dst, key []byte) ([]byte, engine.Meta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.m[string(key)]
	if !ok {
		return nil, engine.Meta{}, false
	}
	return append(dst, e.value...), engine.Meta{Created: e.created.UnixNano(), Size: len(e.value)}, true
}

// fakeAsker is a member without a network.
type fakeAsker struct {
	answer func(ctx context.Context, key string) (reply, error)
	asked  atomic.Int64
	closed atomic.Bool
}

func (a *fakeAsker) ask(ctx context.Context, key []byte) (reply, error) {
	a.asked.Add(1)
	return a.answer(ctx, string(key))
}

func (a *fakeAsker) close() { a.closed.Store(true) }

// has answers always the same.
func has(value string, created time.Time) func(context.Context, string) (reply, error) {
	return func(context.Context, string) (reply, error) {
		return reply{found: true, value: []byte(value), created: created}, nil
	}
}

// hasNothing answers that there is nothing.
func hasNothing(context.Context, string) (reply, error) { return reply{}, nil }

// never answers.
func never(ctx context.Context, _ string) (reply, error) {
	<-ctx.Done()
	return reply{}, ctx.Err()
}

// dialer returns the fakes by address.
func dialer(t testing.TB, fakes map[string]*fakeAsker) func(string, Options) asker {
	return func(address string, _ Options) asker {
		a, ok := fakes[address]
		if !ok {
			t.Errorf("a member %q is connected to", address)
			return &fakeAsker{answer: hasNothing}
		}
		return a
	}
}

// startGroup starts a group that ends with the test.
func startGroup(t testing.TB, o Options, list memberSource, dial func(string, Options) asker) *Group {
	t.Helper()
	if o.Store == nil {
		o.Store = storeOf(nil)
	}
	g, err := newGroup(o, list, dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return g
}

// texts returns answers as "address=value".
func texts(answers []Answer, _ ...Reach) []string {
	out := []string{}
	for _, a := range answers {
		out = append(out, a.Address+"="+string(a.Value))
	}
	return out
}

// oldNode is a server that answers as a node of version 0.5.1 does.
type oldNode struct {
	*httptest.Server
	addr     string
	requests atomic.Int64

	mu sync.Mutex
	m  map[string]oldEntry
}

type oldEntry struct{ value, created string }

func startOldNode(t testing.TB, entries map[string]oldEntry) *oldNode {
	n := &oldNode{m: entries}
	n.Server = httptest.NewServer(n)
	n.addr = n.Listener.Addr().String()
	t.Cleanup(n.Close)
	return n
}

func (n *oldNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.requests.Add(1)
	n.mu.Lock()
	e, ok := n.m[r.FormValue("key")]
	n.mu.Unlock()
	w.Header().Set("Responsehost", n.addr)
	w.Header().Set("Key", r.FormValue("key"))
	switch {
	case r.URL.Path != "/data/" || r.FormValue("cmd") != "get":
		w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
		w.Header().Set("Content-Type", "application/json; charset=utf-8;")
		w.WriteHeader(501)
		_, _ = fmt.Fprintf(w, `{"Cmd":%q,"Status":501,"Results":"UNKNOWN_COMMAND","Key":"","Data":null,"ResponseHost":%q,"KeyCreateTime":"0001-01-01T00:00:00Z"}`, r.FormValue("cmd"), n.addr)
	case !ok:
		w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
		w.WriteHeader(404)
	default:
		w.Header().Set("Keycreatetime", e.created)
		w.WriteHeader(200)
		_, _ = io.WriteString(w, e.value)
	}
}

// startRaw starts a server that does with each connection what serve does, until the
// test ends, and returns its address.
func startRaw(t testing.TB, serve func(c net.Conn, end <-chan struct{})) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	startRawOn(t, ln, serve)
	return ln.Addr().String()
}

// startRawOn is startRaw on a listener that is there.
func startRawOn(t testing.TB, ln net.Listener, serve func(c net.Conn, end <-chan struct{})) {
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

// saying returns a server that reads a request, answers text, and closes the connection.
func saying(text string) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, _ <-chan struct{}) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, text)
		}
	}
}

// discardLog keeps what a server says of broken handshakes out of the test's output.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// logTo returns a logger into a buffer.
func logTo(b *syncBuffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// waitUntil waits until ok, and fails the test if that takes too long.
func waitUntil(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("timed out waiting until %s", what)
}

func at(seconds int) time.Time {
	return time.Date(2026, 11, 22, 10, 0, seconds, 123456789, time.UTC)
}
