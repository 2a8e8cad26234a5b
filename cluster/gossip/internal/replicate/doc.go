// Package replicate makes a store hold what the stores of its peers hold.
//
//		r := replicate.New(replicate.Options{Store: store, …}, network)
//		r.Joined(peer)            // by membership, as r.Left, r.Receive, r.LocalState
//		r.Drain(ctx)              // sends the writes that are queued
//		r.Close()                 // waits; call it once sending fails at once
//
//	  - Push (push.go). The store's feed of local, durable writes fills a bounded queue per
//	    live peer; what is in it is sent in batches. A queue that is full loses changes.
//	  - Comparison (compare.go). With each push/pull of memberlist, when a peer joins, and
//	    after a queue has lost changes, two nodes tell each other the digests of their
//	    stores. Equal digests are a match.
//	  - Rounds (round.go, answer.go). Where buckets differ, a node sends the list of its
//	    entries in them, in parts; the other sends what the list lacks. Both do, each for
//	    itself. So whatever was lost on the way is healed.
//
// What arrives is merged by the store, by version, and is durable before the next part
// is asked for (receive.go). Nothing that arrived is pushed on.
//
// # A node that was away
//
// Tombstones are purged after Options.Grace. A node that was away for longer may hold
// entries that all others have deleted, and forgotten that they did. So each node knows
// what it has seen (vector.go): for each node between which versions it has had all
// writes of that one. An entry that a peer has seen and lacks, and that is older than the
// grace, was deleted there, and is dropped here; one that it has not seen is sent to it.
// The same keeps messages that somebody has recorded from bringing anything back.
package replicate
