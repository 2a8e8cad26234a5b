// Package oracle knows what the stores of a simulation have to hold at its end.
//
//	truth := oracle.New()
//	err := truth.Change(rng, store, n) // a random change at any of the stores
//	...
//	err = truth.Check(store)           // once all stores have all changes
package oracle

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"owlcache/engine"
)

// Oracle has what was acknowledged: of each key the greatest version.
type Oracle struct{ keys map[string]engine.Entry }

// New returns an Oracle of empty stores.
func New() *Oracle { return &Oracle{keys: make(map[string]engine.Entry)} }

func (o *Oracle) note(key, value string, v engine.Version, expires int64, deleted bool) {
	if v.Compare(o.keys[key].Version) > 0 {
		o.keys[key] = engine.Entry{Value: []byte(value), Version: v, Expires: expires, Tombstone: deleted}
	}
}

// Check compares a store with what was acknowledged.
func (o *Oracle) Check(store *engine.Store) error {
	var errs []error
	now := time.Now().UnixMilli()
	for key, want := range o.keys {
		value, meta, ok := store.Get(nil, []byte(key))
		live := !want.Tombstone && (want.Expires == 0 || want.Expires > now)
		switch {
		case live != ok:
			errs = append(errs, fmt.Errorf("%q is there: %v; want %v (%v)", key, ok, live, want.Version))
		case ok && (meta.Version != want.Version || string(value) != string(want.Value)):
			errs = append(errs, fmt.Errorf("%q is %q of %v; want %q of %v", key, value, meta.Version, want.Value, want.Version))
		}
	}
	if st := store.Stats(); int(st.Keys+st.Tombstones) > len(o.keys) {
		errs = append(errs, fmt.Errorf("%d keys and %d tombstones; only %d were ever written", st.Keys, st.Tombstones, len(o.keys)))
	}
	if len(errs) > 0 {
		return fmt.Errorf("node %016x: %w", store.NodeID(), errors.Join(errs...))
	}
	return nil
}

// Change makes a random change, the nth, at a store that nobody else changes meanwhile.
func (o *Oracle) Change(rng *rand.Rand, store *engine.Store, n int) error {
	key := fmt.Sprintf("key:%d", rng.IntN(60))
	switch x := rng.IntN(10); {
	case x < 6:
		var expires int64
		if x == 0 {
			expires = soon(rng.IntN(8000))
		}
		value := fmt.Sprintf("%x-%d", store.NodeID(), n)
		meta, err := store.Set([]byte(key), []byte(value), expires)
		if err == nil {
			o.note(key, value, meta.Version, expires, false)
		}
		return err
	case x < 9:
		ops := []engine.Op{{Kind: engine.Delete, Key: []byte(key)}}
		if err := store.Commit(ops); err != nil || ops[0].Err != nil {
			return err
		}
		o.note(key, "", ops[0].Meta.Version, 0, true)
		return nil
	}
	return o.expire(key, store, soon(1000+rng.IntN(20000)))
}

func (o *Oracle) expire(key string, store *engine.Store, expires int64) error {
	meta, err := store.Expire([]byte(key), expires)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	// The value is the one of the version before, whoever wrote it.
	value, now, ok := store.Get(nil, []byte(key))
	if !ok || now.Version != meta.Version {
		return errors.New("the entry has changed meanwhile")
	}
	o.note(key, string(value), meta.Version, expires, false)
	return nil
}

func soon(ms int) int64 { return time.Now().Add(time.Duration(ms) * time.Millisecond).UnixMilli() }
