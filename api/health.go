package api

import (
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/engine"
)

func serveLive(x *exchange.Exchange, _ node.Store) {
	store := x.Node.Gate.Peek()
	if store == nil {
		x.Text(200, x.Node.Gate.Status())
		return
	}
	_, text := describe(store)
	x.Text(200, text)
}

// serveReady answers whether the node takes reads and writes, and with sync=1 whether it also has
// had the same data as another node. Without data sync that is no condition: one probe serves all.
func serveReady(x *exchange.Exchange, _ node.Store) {
	store := x.Node.Gate.Peek()
	if store == nil || x.Node.Stopped() {
		x.Refuse(fault.Unavailable(x.Node.NotServing()))
		return
	}
	ok, text := describe(store)
	if !ok {
		x.Refuse(fault.Refusal{Status: 503, Reason: text})
		return
	}
	switch string(x.Ctx.QueryArgs().Peek("sync")) {
	case "", "0":
	case "1":
		if sync := x.Node.Sync(); sync != nil && !sync.Synced() {
			x.Refuse(fault.Unavailable("not in sync: no other node has held the same data since the start"))
			return
		}
	default:
		x.Refuse(fault.Refusal{Status: 400, Reason: "sync: want 0 or 1"})
		return
	}
	x.Text(200, text)
}

func describe(store node.Store) (ok bool, text string) {
	state, err := store.Health()
	switch state {
	case engine.Writable:
		return true, "ok"
	case engine.DiskFull:
		text = "disk full: reads are served, writes are refused until there is room"
	case engine.ReadOnly:
		text = "read-only: reads are served, writes are refused until a restart"
	case engine.Closed:
		text = "closed"
	default:
		text = "unknown state"
	}
	if err != nil {
		text += ": " + err.Error()
	}
	return false, text
}
