package socket

import (
	"log/slog"
	"testing"

	"owlcache/api/access"
	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"

	"github.com/valyala/fasthttp"
)

// TestSocketOriginBeyondLoopback: there no other request has its Host checked, but a
// page whose name was made to point here is refused all the same.
func TestSocketOriginBeyondLoopback(t *testing.T) {
	n := node.New(t.Context(), access.Options{Host: "127.0.0.1"}, 1, 1, slog.New(slog.DiscardHandler))
	allowed := func(url, origin string) bool {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI(url)
		ctx.Request.Header.Set("Origin", origin)
		return originAllowed(&exchange.Exchange{Node: n, Ctx: &ctx, Conn: &conn.Conn{}})
	}
	if allowed("http://evil.example:7721/ws", "http://evil.example:7721") {
		t.Error("a name that is not served is allowed")
	}
	if !allowed("http://10.0.0.7:7721/ws", "http://10.0.0.7:7721") {
		t.Error("the node's own address is refused")
	}
}
