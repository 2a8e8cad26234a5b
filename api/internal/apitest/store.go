package apitest

import (
	"bytes"
	"sync"
	"time"

	"owlcache/engine"
)

// MemStore is a store in a map whose health, errors and delays a test can set.
type MemStore struct {
	mu      sync.Mutex
	M       map[string]Entry
	health  engine.State
	why     error
	fail    error               // answer of every write
	OnSet   func()              // called before a write
	OnGet   func()              // called before a read
	Figures engine.Stats        // answer of Stats
	wrote   int                 // Writes that were tried
	commits int                 // calls of Commit
	Values  map[string][]string // values that were set, by key

	All       []engine.Entry // what Digest, Items and Entries tell of
	OnEntries func()         // called before Entries
}

type Entry struct {
	Value []byte
	Meta  engine.Meta
}

func NewMemStore() *MemStore {
	return &MemStore{M: map[string]Entry{}, Values: map[string][]string{}}
}

func (s *MemStore) live(key []byte) (Entry, bool) {
	e, ok := s.M[string(key)]
	if ok && e.Meta.Expires != 0 && e.Meta.Expires <= time.Now().UnixMilli() {
		return Entry{}, false
	}
	return e, ok
}

func (s *MemStore) Get(dst, key []byte) ([]byte, engine.Meta, bool) {
	if s.OnGet != nil {
		s.OnGet()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.live(key)
	return append(dst, e.Value...), e.Meta, ok
}

func (s *MemStore) GetUpTo(dst, key []byte, limit int) ([]byte, engine.Meta, bool) {
	if meta, ok := s.Stat(key); ok && meta.Size > limit {
		return dst, meta, true
	}
	return s.Get(dst, key)
}

func (s *MemStore) Stat(key []byte) (engine.Meta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.live(key)
	return e.Meta, ok
}

func (s *MemStore) Set(key, value []byte, expires int64) (engine.Meta, error) {
	if s.OnSet != nil {
		s.OnSet()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote++
	if s.fail != nil {
		return engine.Meta{}, s.fail
	}
	meta := engine.Meta{Created: time.Now().UnixNano(), Expires: expires, Size: len(value)}
	s.M[string(key)] = Entry{bytes.Clone(value), meta}
	return meta, nil
}

func (s *MemStore) Expire(key []byte, expires int64) (engine.Meta, error) {
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
	e.Meta.Expires = expires
	s.M[string(key)] = e
	return e.Meta, nil
}

func (s *MemStore) Delete(key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote++
	if s.fail != nil {
		return s.fail
	}
	if _, ok := s.live(key); !ok {
		return engine.ErrNotFound
	}
	delete(s.M, string(key))
	return nil
}

// Commit does ops one by one.
func (s *MemStore) Commit(ops []engine.Op) error {
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

func (s *MemStore) Health() (engine.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health, s.why
}

func (s *MemStore) Stats() engine.Stats { return s.Figures }

func (s *MemStore) SetFail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *MemStore) CommitCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits
}

func (s *MemStore) SetHealth(state engine.State, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health, s.why = state, why
}

// Entry returns what is stored under key.
func (s *MemStore) Entry(key string) (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.M[key]
	return e, ok
}

func (s *MemStore) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrote
}
