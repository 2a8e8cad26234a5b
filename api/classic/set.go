package classic

import (
	"errors"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

func runSet(x *exchange.Exchange, store node.Store) error {
	ms, err := params.ParseExptime(x.Params[params.Exptime])
	if err != nil && !errors.Is(err, params.ErrExptimeMissing) {
		return err
	}
	if len(x.Params[params.Value]) > x.Node.MaxValueSize {
		return engine.ErrValueTooLarge
	}
	meta, err := store.Set(x.Params[params.Key], x.Params[params.Value], params.ExpiryAfter(x.Node.Now(), ms))
	if err != nil {
		return err
	}
	x.Envelope(200, []byte{}, meta.Created)
	return nil
}
