package classic

import (
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

func runExpire(x *exchange.Exchange, store node.Store) error {
	ms, err := params.ParseExptime(x.Params[params.Exptime])
	if err != nil {
		return err
	}
	if _, err := store.Expire(x.Params[params.Key], params.ExpiryAfter(x.Node.Now(), ms)); err != nil {
		return err
	}
	x.Envelope(200, nil, 0)
	return nil
}
