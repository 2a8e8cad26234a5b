// Package ask asks one member of the owlcache group for keys: over HTTP with a short
// request for each question, or over one long WebSocket. Nodes of every version answer.
//
//	member := ask.NewHTTP("10.0.0.5:7721", options) // or NewWebSocket
//	reply, err := member.Ask(ctx, key)
//	...
//	member.Sweep()                 // now and then: closes what is idle
//	member.Close()                 // ends all questions, and waits for them
//
// The error of Ask says whose fault it is (reply.go): whether the question was sent,
// whether the member may be well in spite of it, or was not even asked.
//
// # Promises
//
//   - Ask returns soon after its context ends, whatever the member does.
//   - What a member says is parsed within bounds and followed nowhere. Room for a large
//     value is made only as its bytes come.
//   - Bounded are the bytes of a value and of the values that are being read, and the
//     connections to a member.
//   - After Close there is no connection and no goroutine.
package ask
