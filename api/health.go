package api

import "owlcache/engine"

// serveLive answers that the process runs, and in what state its store is.
func serveLive(x *exchange) {
	store := x.srv.gate.peek()
	if store == nil {
		x.text(200, x.srv.gate.loadingText())
		return
	}
	_, text := describe(store)
	x.text(200, text)
}

// serveReady answers whether the node takes reads and writes, and with sync=1 whether it
// also has had the same data as another node. Without data sync that is no condition, so
// that one probe serves all nodes.
func serveReady(x *exchange) {
	store := x.srv.gate.peek()
	if store == nil || x.srv.stopped() {
		x.refuse(refusal{status: 503, reason: x.srv.notServing(), retryAfter: 1})
		return
	}
	ok, text := describe(store)
	if !ok {
		x.refuse(refusal{status: 503, reason: text})
		return
	}
	switch string(x.ctx.QueryArgs().Peek("sync")) {
	case "", "0":
	case "1":
		if sync := x.srv.dataSync(); sync != nil && !sync.Synced() {
			x.refuse(refusal{status: 503, reason: "not in sync: no other node has held the same data since the start", retryAfter: 1})
			return
		}
	default:
		x.refuse(refusal{status: 400, reason: "sync: want 0 or 1"})
		return
	}
	x.text(200, text)
}

// notServing says why there is no store to serve from.
func (s *Server) notServing() string {
	if s.stopped() {
		return "shutting down"
	}
	return s.gate.loadingText()
}

// describe says in what state the store is and whether that is a good one.
func describe(store Store) (ok bool, text string) {
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
