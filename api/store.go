package api

import "owlcache/engine"

// Store is what this package needs of *engine.Store.
type Store interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) ([]byte, engine.Meta, bool)
	// Stat returns what is known of key without its value.
	Stat(key []byte) (engine.Meta, bool)
	// Set stores value under key until expires (Unix milliseconds, 0 = never).
	Set(key, value []byte, expires int64) (engine.Meta, error)
	// Expire moves the expiry of key.
	Expire(key []byte, expires int64) (engine.Meta, error)
	// Delete removes key.
	Delete(key []byte) error
	// Health returns the state and, unless Writable, why.
	Health() (engine.State, error)
	// Stats returns the store's figures.
	Stats() engine.Stats
}
