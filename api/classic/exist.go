package classic

import (
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

func runExist(x *exchange.Exchange, store node.Store) error {
	if _, ok := store.Stat(x.Params[params.Key]); !ok {
		return engine.ErrNotFound
	}
	x.Envelope(200, nil, 0)
	return nil
}
