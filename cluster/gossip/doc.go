// Package gossip keeps the data of a group of nodes the same, without a master.
//
//	node, err := gossip.Start(gossip.Options{Store: store, PeersFile: path, AuthKey: key, Seeds: seeds})
//	...
//	err = node.Close(ctx) // leaves the group and waits for all that Start has started
//
// A Node wires three things, each in a package of its own under internal:
//
//   - peers: the file of what outlives a restart;
//   - membership: who is in the group, by memberlist (SWIM, Das et al., 2002, with the
//     Lifeguard extensions), over transport: sockets, and frames that are encrypted and
//     authenticated with a key made from Options.AuthKey;
//   - replicate: how data travels, in the messages of wire.
//
// A member's name is its node id, so a node that comes back under another address is the
// same node.
//
// # Promises
//
//   - No peer, whatever its state, holds up a write, a read, or the start of a node.
//   - When the members can reach each other and writes pause, all come to hold the same
//     entries: of each key, the one with the greatest version.
//   - Nothing is taken from who has not got the key, or from a clock that is ahead.
//   - Bounded are: the bytes queued for a peer, the bytes that have arrived and are not
//     merged, the messages' sizes, rounds under way, connections, and time to wait.
package gossip
