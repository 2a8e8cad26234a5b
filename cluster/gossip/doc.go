// Package gossip keeps the data of a group of nodes the same, without a master.
//
//	node, err := gossip.Start(gossip.Options{Store: store, Dir: dir, AuthKey: key, Seeds: seeds})
//	...
//	err = node.Close(ctx) // leaves the group and waits for all that Start has started
//
// Membership and transport are those of memberlist (SWIM, Das et al., 2002, with the
// Lifeguard extensions). Its frames are encrypted and authenticated with a key made from
// Options.AuthKey. A member's name is its node id, so a node that comes back under
// another address is the same node.
//
// # How data travels
//
//   - Push (push.go). The store's feed of local, durable writes fills a bounded queue per
//     live peer; what is in it is sent in batches. A queue that is full loses changes.
//   - Comparison (compare.go). With each push/pull of memberlist, when a peer joins, and
//     after a queue has lost changes, two nodes tell each other the digests of their
//     stores. Equal digests are a match.
//   - Rounds (round.go, answer.go). Where buckets differ, a node sends the list of its
//     entries in them, in parts; the other sends what the list lacks. Both do, each for
//     itself. So whatever was lost on the way is healed.
//
// What arrives is merged by the store, by version, and is durable before the next part
// is asked for (receive.go). Nothing that arrived is pushed on.
//
// # A node that was away
//
// Tombstones are purged after Options.Grace. A node that was away for longer may hold
// entries that all others have deleted, and forgotten that they did. So each node knows
// what it has seen (versions.go): for each node between which versions it has had all
// writes of that one. An entry that a peer has seen and lacks, and that is older than the grace,
// was deleted there, and is dropped here; one that it has not seen is sent to it. The same
// keeps messages that somebody has recorded from bringing anything back.
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
