package classic

import (
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

func runDelete(x *exchange.Exchange, store node.Store) error {
	if err := store.Delete(x.Params[params.Key]); err != nil {
		return err
	}
	x.Envelope(200, nil, 0)
	return nil
}
