package classic

import (
	"errors"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

func runGet(x *exchange.Exchange, store node.Store) error {
	_, err := x.Stored(store)
	if !errors.Is(err, engine.ErrNotFound) || x.ImportUnwanted() {
		return err
	}
	value, meta, found := x.Node.Import(x.Params[params.Key])
	if !found {
		return err
	}
	return x.Value(value, meta.Created)
}
