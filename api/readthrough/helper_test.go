package readthrough

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"owlcache/api/readthrough/readthroughtest"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// hookedStore is a real store whose commits a test can meddle with.
type hookedStore struct {
	*engine.Store
	commit func(ops []engine.Op) error // instead of that of the store
}

func (s *hookedStore) Commit(ops []engine.Op) error {
	if s.commit != nil {
		return s.commit(ops)
	}
	return s.Store.Commit(ops)
}

func openStore(t *testing.T) *hookedStore {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := engine.Open(context.Background(), dir, engine.Options{Sync: "no"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return &hookedStore{Store: store}
}

// site is an importer over an empty store.
type site struct {
	*Importer
	t     *testing.T
	store *hookedStore
	log   *lockedBuffer
}

// importFrom makes a site. Times are long unless opts say otherwise: they decide no test.
func importFrom(t *testing.T, opts Options) *site {
	t.Helper()
	log := &lockedBuffer{}
	opts.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.Timeout = cmp.Or(opts.Timeout, patience)
	store := openStore(t)
	i, err := New(store, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return &site{i, t, store, log}
}

// want asks for key and checks what is found.
func (s *site) want(key, value string) engine.Meta {
	s.t.Helper()
	got, meta, found := s.Import(s.t.Context(), []byte(key))
	if !found || string(got) != value || got == nil || meta.Size != len(value) || meta.Created == 0 {
		s.t.Errorf("%.40q: %.40q of %d bytes, %+v, found %v", key, got, len(got), meta, found)
	}
	return meta
}

// wantMiss asks for key and checks that nothing is found or stored.
func (s *site) wantMiss(key string) {
	s.t.Helper()
	if got, _, found := s.Import(s.t.Context(), []byte(key)); found {
		s.t.Errorf("%.40q: found %.40q", key, got)
	}
	if _, stored := s.store.Stat([]byte(key)); stored {
		s.t.Errorf("%.40q is stored", key)
	}
}

func (s *site) eventually(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for range time.Tick(time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("timed out waiting until %s: %+v", what, s.Status())
		}
	}
}

// kind is a source that the tests of all sources run with.
type kind struct {
	name  string
	start func(t testing.TB) *readthroughtest.Server
	put   func(s *readthroughtest.Server, key, value string)
	asked func(s *readthroughtest.Server) int // questions for values
	opts  func(addr string, o SourceOptions) Options
}

var kinds = []kind{
	{
		name:  "memcached",
		start: func(t testing.TB) *readthroughtest.Server { return readthroughtest.Memcached(t, "-I", "4m") },
		put:   (*readthroughtest.Server).SetMemcached,
		asked: (*readthroughtest.Server).MemcachedGets,
		opts: func(addr string, o SourceOptions) Options {
			return Options{Memcached: MemcachedOptions{Servers: []string{addr}, SourceOptions: o}}
		},
	},
	{
		name:  "redis",
		start: func(t testing.TB) *readthroughtest.Server { return readthroughtest.Redis(t) },
		put:   func(s *readthroughtest.Server, key, value string) { s.Do([]string{"SET", key, value}) },
		asked: func(s *readthroughtest.Server) int { return s.RedisCalls("strlen") },
		opts: func(addr string, o SourceOptions) Options {
			return Options{Redis: RedisOptions{Addr: addr, SourceOptions: o}}
		},
	},
}

// eachKind runs a test with each source.
func eachKind(t *testing.T, test func(t *testing.T, k kind, server *readthroughtest.Server)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k, k.start(t))
		})
	}
}
