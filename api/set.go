package api

import (
	"errors"

	"owlcache/engine"
)

// runSet stores valuedata under key, for exptime seconds if given. Without
// valuedata the value is empty.
func runSet(x *exchange, store Store) error {
	ms, err := parseExptime(x.params.exptime)
	if err != nil && !errors.Is(err, errExptimeMissing) {
		return err
	}
	if len(x.params.value) > x.srv.opts.MaxValueSize {
		return engine.ErrValueTooLarge
	}
	meta, err := store.Set(x.params.key, x.params.value, expiryAfter(x.srv.now(), ms))
	if err != nil {
		return err
	}
	x.envelope(200, []byte{}, meta.Created)
	return nil
}
