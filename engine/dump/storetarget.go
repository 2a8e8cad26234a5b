package dump

import (
	"bytes"
	"context"
	"errors"

	"owlcache/engine"
)

// commitBytes is how many bytes of keys and values one commit has, exceeded by at most one entry.
const commitBytes = 4 << 20

// StoreTarget is the Target that is a store to which nobody else writes.
type StoreTarget struct {
	store *engine.Store
	keep  bool

	ops     []engine.Op
	at      []int // the entries that are ops
	bytes   int
	pending map[string]struct{} // keys of ops; nil if they are in order anyway
	value   []byte
}

// NewStoreTarget returns a Target. With keep, entries that are there are not overwritten.
func NewStoreTarget(s *engine.Store, keep bool) *StoreTarget {
	return &StoreTarget{store: s, keep: keep}
}

// Put is that of Target. An entry that is there with the same value, creation and
// expiry is not written again.
func (s *StoreTarget) Put(ctx context.Context, entries []engine.Entry) (done int, stored Stored, err error) {
	s.ops, s.at, s.bytes, s.pending = s.ops[:0], s.at[:0], 0, nil
	if !Distinct(entries) {
		s.pending = make(map[string]struct{})
	}
	defer s.forget()
	for i := range entries {
		e := &entries[i]
		_, twice := s.pending[string(e.Key)]
		if twice || s.bytes >= commitBytes {
			if err := ctx.Err(); err != nil {
				return s.at[0], stored, err
			}
			if done, err := s.commit(&stored); err != nil {
				return done, stored, err
			}
		}
		s.add(i, e, &stored)
	}
	if done, err := s.commit(&stored); err != nil {
		return done, stored, err
	}
	return len(entries), stored, nil
}

// Distinct tells whether no key is there twice, if that is easy to see: if they are in
// order, as those of an export are.
func Distinct(entries []engine.Entry) bool {
	for i := 1; i < len(entries); i++ {
		if bytes.Compare(entries[i-1].Key, entries[i].Key) >= 0 {
			return false
		}
	}
	return true
}

// add makes an operation of an entry, if there is anything to do.
func (s *StoreTarget) add(i int, e *engine.Entry, stored *Stored) {
	op := engine.Op{Kind: engine.Set, Key: e.Key, Value: e.Value, Created: e.Created, Expires: e.Expires}
	if s.keep {
		op.If = engine.IfAbsent
	}
	meta, there := s.store.Stat(e.Key)
	switch {
	case there && s.keep:
		stored.Existing++
		return
	case there && s.equal(e, meta):
		stored.Unchanged++
		return
	}
	s.ops, s.at = append(s.ops, op), append(s.at, i)
	s.bytes += len(e.Key) + len(e.Value)
	if s.pending != nil {
		s.pending[string(e.Key)] = struct{}{}
	}
}

// equal tells whether the entry that is there is e.
func (s *StoreTarget) equal(e *engine.Entry, there engine.Meta) bool {
	if there.Size != len(e.Value) || there.Expires != e.Expires || e.Created != 0 && there.Created != e.Created {
		return false
	}
	value, _, ok := s.store.Get(s.value[:0], e.Key)
	s.value = value
	return ok && bytes.Equal(value, e.Value)
}

// commit does the operations that are there. If one fails, done is the number of its entry.
func (s *StoreTarget) commit(stored *Stored) (done int, err error) {
	if len(s.ops) == 0 {
		return 0, nil
	}
	if err := s.store.Commit(s.ops); err != nil {
		return s.at[0], err
	}
	for i := range s.ops {
		switch op := &s.ops[i]; {
		case op.Err == nil:
			stored.Written++
			stored.Bytes += int64(len(op.Key) + len(op.Value))
		case errors.Is(op.Err, engine.ErrExists):
			stored.Existing++
		default:
			return s.at[i], op.Err
		}
	}
	s.forget()
	return 0, nil
}

// forget drops what points to entries.
func (s *StoreTarget) forget() {
	clear(s.ops)
	s.ops, s.at, s.bytes = s.ops[:0], s.at[:0], 0
	clear(s.pending)
	s.value = reuse(s.value)
}
