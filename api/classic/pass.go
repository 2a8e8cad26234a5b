package classic

import (
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

func runPass(x *exchange.Exchange, _ node.Store) error {
	if err := x.Node.Access.LogIn(x.Peer(), x.Params[params.Pass]); err != nil {
		return err
	}
	token, err := x.Node.Access.Issue(x.Peer())
	if err != nil {
		return err
	}
	x.Envelope(200, token, x.Node.Now().UnixNano())
	return nil
}
