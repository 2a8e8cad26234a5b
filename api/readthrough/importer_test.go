package readthrough

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/api/readthrough/readthroughtest"
	"owlcache/engine"
)

func TestImport(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{}))
		binary := "\x00\r\nEND\r\n\xff\xfe" + strings.Repeat("\x80", 1000)
		for key, value := range map[string]string{"hello": "world", "empty": "", "binary": binary, "näh": "ü", strings.Repeat("k", 250): "long"} {
			k.put(server, key, value)
			meta := s.want(key, value)
			stored, storedMeta, ok := s.store.Get(nil, []byte(key))
			if !ok || string(stored) != value || storedMeta != meta || meta.Expires != 0 {
				t.Errorf("%q: stored %q, %+v, answered with %+v", key, stored, storedMeta, meta)
			}
		}
		asked := k.asked(server)
		s.want("hello", "world") // by now it is in the store
		s.want("empty", "")
		if got := k.asked(server); got != asked {
			t.Errorf("asked %d times for what the store holds", got-asked)
		}
		s.wantMiss("none")
		if got := k.asked(server); got != asked+1 {
			t.Errorf("asked %d times for what is nowhere", got-asked)
		}
		st := s.Status()[0]
		if st.Source != k.name || st.Server != server.Addr || !st.Up || st.Hits != 5 || st.Misses != 1 || st.Errors != 0 || st.Skipped != 0 || st.Stored != 5 || st.Unstored != 0 {
			t.Errorf("%+v", st)
		}
		count := uint64(0)
		for _, n := range st.Latency.Counts {
			count += n
		}
		if count != 6 || st.Latency.Sum <= 0 {
			t.Errorf("latency of %d questions, %v s", count, st.Latency.Sum)
		}
	})
}

func TestLifetime(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{Lifetime: time.Hour}))
		k.put(server, "hello", "world")
		before := time.Now().Add(time.Hour).UnixMilli()
		meta := s.want("hello", "world")
		if after := time.Now().Add(time.Hour).UnixMilli(); meta.Expires < before || meta.Expires > after {
			t.Errorf("expires %d, want between %d and %d", meta.Expires, before, after)
		}

		// When it has expired, the source is asked again.
		brief := importFrom(t, k.opts(server.Addr, SourceOptions{Lifetime: time.Millisecond}))
		brief.want("hello", "world")
		brief.eventually("it has expired", func() bool { _, ok := brief.store.Stat([]byte("hello")); return !ok })
		k.put(server, "hello", "again")
		brief.want("hello", "again")
	})
}

func TestTooLarge(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		opts := k.opts(server.Addr, SourceOptions{MaxFailures: 1})
		opts.MaxValueSize = 1 << 20
		s := importFrom(t, opts)
		largest := strings.Repeat("x", opts.MaxValueSize)
		k.put(server, "largest", largest)
		k.put(server, "larger", largest+"x")
		k.put(server, "huge", strings.Repeat(largest, 3))
		for range 3 {
			s.wantMiss("larger")
			s.wantMiss("huge")
		}
		s.want("largest", largest)
		if st := s.Status()[0]; st.TooLarge != 6 || st.Errors != 0 || !st.Up || st.Hits != 1 {
			t.Errorf("%+v", st)
		}
		if n := strings.Count(s.log.String(), "not imported"); n != 1 {
			t.Errorf("%d lines in the log", n)
		}
	})
}

func TestOneQuestionForAll(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{}))
		k.put(server, "hello", "world")
		asked := k.asked(server)
		var clients sync.WaitGroup
		begin := make(chan struct{})
		for range 1000 {
			clients.Go(func() {
				<-begin
				s.want("hello", "world")
			})
		}
		close(begin)
		clients.Wait()
		if got := k.asked(server) - asked; got != 1 {
			t.Errorf("%d questions", got)
		}
		if st := s.Status()[0]; st.Hits != 1 || st.Stored != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// A server that does not answer costs a bounded time, is then left alone, and is asked
// again when it is well.
func TestFrozenServer(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		opts := k.opts(server.Addr, SourceOptions{MaxFailures: 2, Pause: 50 * time.Millisecond})
		opts.Timeout = 200 * time.Millisecond
		s := importFrom(t, opts)
		k.put(server, "before", "v")
		k.put(server, "after", "w")
		s.eventually("the first is found", func() bool { // a machine that is busy may be slow at first
			_, _, found := s.Import(t.Context(), []byte("before"))
			return found
		})
		server.Freeze()
		start := time.Now()
		s.eventually("it is left alone", func() bool {
			s.wantMiss("after")
			return !s.Status()[0].Up
		})
		if took := time.Since(start); took > patience/2 {
			t.Errorf("two questions took %v", took)
		}
		st := s.Status()[0]
		if st.Errors < 2 || !strings.Contains(s.log.String(), "left alone") || !strings.Contains(s.log.String(), server.Addr) {
			t.Errorf("%+v, log %s", st, s.log.String())
		}
		// What the store holds needs nobody.
		if _, _, ok := s.store.Get(nil, []byte("before")); !ok {
			t.Error("a key of the store is gone")
		}
		server.Thaw()
		s.eventually("it is asked again", func() bool {
			_, _, found := s.Import(t.Context(), []byte("after"))
			return found
		})
		if st = s.Status()[0]; !st.Up || !strings.Contains(s.log.String(), "well again") {
			t.Errorf("%+v, log %s", st, s.log.String())
		}
	})
}

// While a server is left alone it is not asked at all.
func TestLeftAlone(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{MaxFailures: 3, Pause: time.Hour}))
		server.Kill()
		for i := range 10 {
			s.wantMiss("hello")
			if st := s.Status()[0]; st.Up != (i < 2) {
				t.Errorf("after %d: %+v", i+1, st)
			}
		}
		server.Start()
		k.put(server, "hello", "world")
		s.wantMiss("hello")
		if st := s.Status()[0]; st.Errors != 3 || st.Skipped != 8 || k.asked(server) != 0 {
			t.Errorf("%+v, asked %d times", st, k.asked(server))
		}
		if n := strings.Count(s.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings", n)
		}
	})
}

// A restart closes the connections that were kept. That is no failure.
func TestRestart(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{MaxFailures: 1, Pause: time.Hour}))
		var clients sync.WaitGroup // so that several connections are kept
		for i := range 20 {
			clients.Go(func() { s.wantMiss(fmt.Sprint("none", i)) })
		}
		clients.Wait()
		server.Kill()
		server.Start()
		k.put(server, "hello", "world")
		s.want("hello", "world")
		if st := s.Status()[0]; st.Errors != 0 || !st.Up {
			t.Errorf("%+v", st)
		}
	})
}

func TestClientsWriteWins(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{}))
		k.put(server, "hello", "from elsewhere")
		s.store.commit = func(ops []engine.Op) error {
			if _, err := s.store.Set(ops[0].Key, []byte("of a client"), 0); err != nil {
				t.Error(err)
			}
			return s.store.Store.Commit(ops)
		}
		s.want("hello", "of a client")
		if value, _, _ := s.store.Get(nil, []byte("hello")); string(value) != "of a client" {
			t.Errorf("stored %q", value)
		}
	})
}

func TestReadOnlyStore(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{Lifetime: time.Hour}))
		k.put(server, "secret-key", "secret-value")
		s.store.commit = func([]engine.Op) error { return engine.ErrReadOnly }
		for range 3 {
			if meta := s.want("secret-key", "secret-value"); meta.Expires == 0 {
				t.Error("it has no expiry")
			}
		}
		if st := s.Status()[0]; st.Hits != 3 || st.Unstored != 3 || st.Stored != 0 || !st.Up {
			t.Errorf("%+v", st)
		}
		log := s.log.String()
		if n := strings.Count(log, "not stored"); n != 1 || !strings.Contains(log, "read-only") || strings.Contains(log, "secret-") {
			t.Errorf("log: %s", log)
		}
	})
}

// One who leaves does not take the answer away from the others.
func TestCallerLeaves(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		s := importFrom(t, k.opts(server.Addr, SourceOptions{}))
		k.put(server, "hello", "world")
		entered, leave := make(chan struct{}), make(chan struct{})
		s.store.commit = func(ops []engine.Op) error {
			close(entered)
			<-leave
			return s.store.Store.Commit(ops)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		clients.Go(func() {
			if value, _, found := s.Import(ctx, []byte("hello")); found {
				t.Errorf("the one who left has %q", value)
			}
		})
		<-entered
		clients.Go(func() { s.want("hello", "world") })
		cancel()
		s.eventually("it has left", func() bool { return ctx.Err() != nil })
		close(leave)
		clients.Wait()
	})
}

func TestCloseDuringImport(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, server *readthroughtest.Server) {
		opts := k.opts(server.Addr, SourceOptions{})
		opts.Timeout = 2 * time.Second
		s := importFrom(t, opts)
		server.Freeze()
		defer server.Thaw()
		var clients sync.WaitGroup
		for i := range 5 {
			clients.Go(func() { s.wantMiss(fmt.Sprint("hello", i)) })
		}
		s.eventually("they ask", func() bool { return len(s.servers[0].turns) == 5 })
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n := len(s.servers[0].turns); n != 0 {
			t.Errorf("%d questions outlive Close", n)
		}
		clients.Wait()
		s.wantMiss("hello")
		if err := s.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

// Redis is asked for what memcached has not, also when memcached is down.
func TestOrderOfSources(t *testing.T) {
	t.Parallel()
	memcached, redis := readthroughtest.Memcached(t), readthroughtest.Redis(t)
	s := importFrom(t, Options{
		Memcached: MemcachedOptions{Servers: []string{memcached.Addr}},
		Redis:     RedisOptions{Addr: redis.Addr},
	})
	memcached.SetMemcached("both", "of memcached")
	redis.Do([]string{"SET", "both", "of Redis"}, []string{"SET", "second", "of Redis"}, []string{"SET", "a key with spaces", "v"}, []string{"SET", "third", "of Redis"})
	s.want("both", "of memcached")
	s.want("second", "of Redis")
	s.want("a key with spaces", "v")
	s.wantMiss("neither")
	memcached.Kill()
	s.want("third", "of Redis")
	if st := s.Status(); st[0].Hits != 1 || st[0].Misses != 2 || st[0].Errors != 1 || st[1].Hits != 3 || st[1].Misses != 1 {
		t.Errorf("%+v", st)
	}
}

func TestOptions(t *testing.T) {
	_, err := New(nil, Options{
		Memcached: MemcachedOptions{Servers: []string{"a", "b:1", ":2", "c:0", "d:70000"}, SourceOptions: SourceOptions{Lifetime: -1}},
		Redis:     RedisOptions{Addr: "r", DB: -1, Password: "hush", SourceOptions: SourceOptions{MaxFailures: -1}},
		Timeout:   -1, Concurrency: -1, MaxValueSize: engine.MaxValueSize + 1,
	})
	if err == nil || strings.Count(err.Error(), "\n")+1 != 11 || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
	if _, err := New(nil, Options{}); err == nil || !strings.Contains(err.Error(), "nothing to import from") {
		t.Errorf("%v", err)
	}
}

// A panic in the store is one key's end, not the node's, and takes no server along.
func TestPanicOfTheStore(t *testing.T) {
	s := importBy(t, Options{Concurrency: 1}, func(_ context.Context, key string) ([]byte, error) { return []byte(key), nil })
	s.store.commit = func([]engine.Op) error { panic("the shelf broke") }
	s.wantMiss("k")
	if log := s.log.String(); !strings.Contains(log, "the shelf broke") || !strings.Contains(log, "importer.go") {
		t.Errorf("log %s", log)
	}
	s.store.commit = nil
	s.want("k", "k")
	if st := s.Status()[0]; st.Errors != 0 || !st.Up {
		t.Errorf("%+v", st)
	}
}
