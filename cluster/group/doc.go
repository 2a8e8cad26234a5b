// Package group is the owlcache group: nodes that hold their own data answer together. A
// query asks all members for a key and puts the newest value first.
//
//	g, err := group.New(group.Options{Members: lists.Owlcache, Store: store})
//	answers, reach := g.Query(ctx, key, "")
//	value, created, reach, ok := g.Newest(ctx, dst, key, "")
//	status := g.Status()
//	err = g.Close()                // waits for all that the group has started
//
// A query looks at the answers that are kept (cache.go), joins the questions for its key
// that are under way or asks its own (flight.go), each member once and all at the same
// time, and merges what has come within RequestTimeout. Package ask asks one
// member over HTTP or a WebSocket. A member that does not answer in time, or fails several
// times in a row, is down: nobody waits for it until a probe in the background has found
// it well (breaker.go).
//
// # Promises
//
//   - A query ends within RequestTimeout, whatever the members do.
//   - The node itself is never asked over the network.
//   - However many clients ask for a key at once, a member sees one question for it.
//   - The bytes of kept answers and the questions under way are bounded.
//   - What a member says is logged only as one short line.
package group
