package group

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/cluster/group/ask"
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
	m  map[string]ask.Reply
}

func storeOf(entries map[string]ask.Reply) *fakeStore { return &fakeStore{m: maps.Clone(entries)} }

func (s *fakeStore) Get(dst, key []byte) ([]byte, engine.Meta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.m[string(key)]
	if !ok {
		return nil, engine.Meta{}, false
	}
	return append(dst, e.Value...), engine.Meta{Created: e.Created.UnixNano(), Size: len(e.Value)}, true
}

// fakeAsker is a member without a network.
type fakeAsker struct {
	answer func(ctx context.Context, key string) (ask.Reply, error)
	asked  atomic.Int64
	closed atomic.Bool
}

func (a *fakeAsker) Ask(ctx context.Context, key []byte) (ask.Reply, error) {
	a.asked.Add(1)
	return a.answer(ctx, string(key))
}

func (a *fakeAsker) Sweep() {}

func (a *fakeAsker) Close() { a.closed.Store(true) }

// has answers always the same.
func has(value string, created time.Time) func(context.Context, string) (ask.Reply, error) {
	return func(context.Context, string) (ask.Reply, error) {
		return ask.Reply{Found: true, Value: []byte(value), Created: created}, nil
	}
}

// hasNothing answers that there is nothing.
func hasNothing(context.Context, string) (ask.Reply, error) { return ask.Reply{}, nil }

// never answers.
func never(ctx context.Context, _ string) (ask.Reply, error) {
	<-ctx.Done()
	return ask.Reply{}, ctx.Err()
}

// dialer returns the fakes by address.
func dialer(t testing.TB, fakes map[string]*fakeAsker) func(string, ask.Options) asker {
	return func(address string, _ ask.Options) asker {
		a, ok := fakes[address]
		if !ok {
			t.Errorf("a member %q is connected to", address)
			return &fakeAsker{answer: hasNothing}
		}
		return a
	}
}

// startGroup starts a group that ends with the test.
func startGroup(t testing.TB, o Options, list Members, dial func(string, ask.Options) asker) *Group {
	t.Helper()
	o.Members = list
	if o.Store == nil {
		o.Store = storeOf(nil)
	}
	g, err := newGroup(o, dial)
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
