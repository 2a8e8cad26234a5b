package classic

import (
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

func runPing(x *exchange.Exchange, _ node.Store) error {
	x.Raw(200, exchange.TypeText, x.Params[params.Value], 0)
	if len(x.Params[params.Value]) == 0 {
		x.Ctx.SetBodyString("PONG")
	}
	// What was sent comes back: a browser must not take it for a page.
	x.Ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	return nil
}
