// Package wire has the messages that the nodes of a sync group send each other, the names
// of nodes, and the limits of both.
//
//	digest := wire.Digest{Sender: id, Digest: …}
//	bytes := digest.Append(nil)
//	err := digest.Parse(bytes) // checks all of it; bounds each length before it allocates
//
// A message that Parse takes is the one that its fields would make. What Parse returns
// points into the message.
package wire
