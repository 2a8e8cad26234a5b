package readthrough

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"owlcache/engine"
)

// Store is what this package needs of *engine.Store.
type Store interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) ([]byte, engine.Meta, bool)
	// Commit does ops in order as one submission. Each tells in Err and Meta what has
	// become of it; the error is one that kept all of them from being done.
	Commit(ops []engine.Op) error
}

// Importer looks for keys in memcached and Redis. All methods may be called concurrently.
type Importer struct {
	store   Store
	sources []source
	servers []*server // of all sources, each once
	log     *slog.Logger
	unkept  limitedLog // of values that could not be stored
	now     func() time.Time

	flights singleflight.Group
	running context.Context // ends with Close
	stop    context.CancelFunc
	mu      sync.RWMutex // held for reading while asking grows
	closed  bool         // protected by mu
	asking  sync.WaitGroup
}

// source is one server or several, of which each key is on one.
type source struct {
	lifetime time.Duration // of the keys
	// pick returns the server that would hold key, nil if none can.
	pick func(key string) *server
}

type answer struct {
	value []byte
	meta  engine.Meta
	found bool
}

// New makes an importer, which connects to nothing yet. It returns every mistake in opts
// at once.
func New(store Store, opts Options) (*Importer, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	i := &Importer{store: store, log: opts.Logger, unkept: limitedLog{to: opts.Logger}, now: time.Now}
	i.running, i.stop = context.WithCancel(context.Background())
	if len(opts.Memcached.Servers) > 0 {
		ring, servers := newMemcached(opts)
		i.sources = append(i.sources, source{opts.Memcached.Lifetime, ring.pick})
		i.servers = append(i.servers, servers...)
	}
	if opts.Redis.Addr != "" {
		redis := newRedis(opts)
		i.sources = append(i.sources, source{opts.Redis.Lifetime, func(string) *server { return redis }})
		i.servers = append(i.servers, redis)
	}
	return i, nil
}

// Import looks for key in the sources and stores what it finds. value is shared: it must not be changed.
// Import keeps no hold of key. When ctx ends it returns, and what it has begun goes on for the others.
func (i *Importer) Import(ctx context.Context, key []byte) (value []byte, meta engine.Meta, found bool) {
	result := make(chan answer, 1)
	i.start(string(key), result)
	select {
	case a := <-result:
		if a.found && a.value == nil {
			a.value = []byte{} // an empty value is one
		}
		return a.value, a.meta, a.found
	case <-ctx.Done():
		return nil, engine.Meta{}, false
	}
}

// start has result told what becomes of key.
func (i *Importer) start(key string, result chan<- answer) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.closed {
		result <- answer{}
		return
	}
	i.asking.Go(func() {
		a, _, _ := i.flights.Do(key, func() (any, error) { return i.fly(key), nil })
		result <- a.(answer)
	})
}

// fly asks the sources, one after the other. A panic is one key's, not the node's.
func (i *Importer) fly(key string) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			i.log.Error("panic while importing a key", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			a = answer{}
		}
	}()
	// A flight that has just ended may have brought it.
	if value, meta, ok := i.store.Get(nil, []byte(key)); ok {
		return answer{value, meta, true}
	}
	for _, from := range i.sources {
		s := from.pick(key)
		if s == nil {
			continue
		}
		if a := i.flyTo(s, key, from.lifetime); a.found {
			return a
		}
	}
	return answer{}
}

// flyTo holds the server's turn until the value is stored: values in memory are as few as questions.
func (i *Importer) flyTo(s *server, key string, lifetime time.Duration) answer {
	if !s.enter(i.running) {
		s.stats.skipped.Add(1)
		return answer{}
	}
	defer s.leave()
	value, found := s.ask(i.running, key)
	if !found {
		return answer{}
	}
	return i.keep(s, key, value, lifetime)
}

func (i *Importer) keep(s *server, key string, value []byte, lifetime time.Duration) answer {
	now := i.now()
	op := engine.Op{Kind: engine.Set, If: engine.IfAbsent, Key: []byte(key), Value: value}
	if lifetime > 0 {
		op.Expires = now.Add(lifetime).UnixMilli()
	}
	ops := []engine.Op{op}
	err := i.store.Commit(ops)
	if err == nil {
		err = ops[0].Err
	}
	switch {
	case err == nil:
		s.stats.stored.Add(1)
		return answer{value, ops[0].Meta, true}
	case errors.Is(err, engine.ErrExists):
		if newer, meta, ok := i.store.Get(nil, []byte(key)); ok {
			return answer{newer, meta, true}
		}
		// It has gone again: then what was found is as good an answer as any.
	default:
		i.unkept.warn("imported values are answered but not stored", "error", err)
	}
	s.stats.unstored.Add(1)
	return answer{value, engine.Meta{Created: now.UnixNano(), Expires: op.Expires, Size: len(value)}, true}
}

// Close ends what is under way, waits for it and closes all connections. After it, Import
// finds nothing.
func (i *Importer) Close() error {
	i.stop()
	i.mu.Lock()
	first := !i.closed
	i.closed = true
	i.mu.Unlock()
	i.asking.Wait()
	if !first {
		return nil
	}
	var errs []error
	for _, s := range i.servers {
		errs = append(errs, s.client.close())
	}
	return errors.Join(errs...)
}
