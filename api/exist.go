package api

import "owlcache/engine"

// runExist answers whether there is a value for key.
func runExist(x *exchange, store Store) error {
	if _, ok := store.Stat(x.params.key); !ok {
		return engine.ErrNotFound
	}
	x.envelope(200, nil, 0)
	return nil
}
