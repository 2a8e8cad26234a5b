package api

import (
	"bytes"
	"sync"
	"time"

	"owlcache/engine"
)

// memStore is a store in a map whose health, errors and delays a test can set.
type memStore struct {
	mu      sync.Mutex
	m       map[string]memEntry
	health  engine.State
	why     error
	fail    error               // answer of every write
	onSet   func()              // called before a write
	onGet   func()              // called before a read
	stats   engine.Stats        // answer of Stats
	wrote   int                 // writes that were tried
	commits int                 // calls of Commit
	values  map[string][]string // values that were set, by key

	entries   []engine.Entry // what Digest, Items and Entries tell of
	onEntries func()         // called before Entries
}

type memEntry struct {
	value []byte
	meta  engine.Meta
}

func newMemStore() *memStore {
	return &memStore{m: map[string]memEntry{}, values: map[string][]string{}}
}

func (s *memStore) live(key []byte) (memEntry, bool) {
	e, ok := s.m[string(key)]
	if ok && e.meta.Expires != 0 && e.meta.Expires <= time.Now().UnixMilli() {
		return memEntry{}, false
	}
	return e, ok
}

func (s *memStore) Get(dst, key []byte) ([]byte, engine.Meta, bool) {
	if s.onGet != nil {
		s.onGet()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.live(key)
	return append(dst, e.value...), e.meta, ok
}

func (s *memStore) GetUpTo(dst, key []byte, limit int) ([]byte, engine.Meta, bool) {
	if meta, ok := s.Stat(key); ok && meta.Size > limit {
		return dst, meta, true
	}
	return s.Get(dst, key)
}

func (s *memStore) Stat(key []byte) (engine.Meta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.live(key)
	return e.meta, ok
}

func (s *memStore) Set(key, value []byte, expires int64) (engine.Meta, error) {
	if s.onSet != nil {
		s.onSet()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote++
	if s.fail != nil {
		return engine.Meta{}, s.fail
	}
	meta := engine.Meta{Created: time.Now().UnixNano(), Expires: expires, Size: len(value)}
	s.m[string(key)] = memEntry{bytes.Clone(value), meta}
	return meta, nil
}

func (s *memStore) Expire(key []byte, expires int64) (engine.Meta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote++
	e, ok := s.live(key)
	switch {
	case s.fail != nil:
		return engine.Meta{}, s.fail
	case !ok:
		return engine.Meta{}, engine.ErrNotFound
	}
	e.meta.Expires = expires
	s.m[string(key)] = e
	return e.meta, nil
}

func (s *memStore) Delete(key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote++
	if s.fail != nil {
		return s.fail
	}
	if _, ok := s.live(key); !ok {
		return engine.ErrNotFound
	}
	delete(s.m, string(key))
	return nil
}

// Commit does ops one by one.
func (s *memStore) Commit(ops []engine.Op) error {
	s.mu.Lock()
	s.commits++
	s.mu.Unlock()
	for i := range ops {
		op := &ops[i]
		switch op.Kind {
		case engine.Set:
			if op.If == engine.IfAbsent {
				if _, there := s.Stat(op.Key); there {
					op.Err = engine.ErrExists
					continue
				}
			}
			op.Meta, op.Err = s.Set(op.Key, op.Value, op.Expires)
		case engine.Expire:
			op.Meta, op.Err = s.Expire(op.Key, op.Expires)
		case engine.Delete:
			op.Err = s.Delete(op.Key)
		}
	}
	return nil
}

func (s *memStore) Health() (engine.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health, s.why
}

func (s *memStore) Stats() engine.Stats { return s.stats }

func (s *memStore) setFail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *memStore) commitCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits
}

func (s *memStore) setHealth(state engine.State, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health, s.why = state, why
}

// entry returns what is stored under key.
func (s *memStore) entry(key string) (memEntry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.m[key]
	return e, ok
}

func (s *memStore) writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrote
}
