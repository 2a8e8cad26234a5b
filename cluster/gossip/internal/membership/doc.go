// Package membership knows who is in the sync group, and keeps this node in it.
//
//	group, err := membership.New(membership.Options{…}) // listens
//	err = group.Start(replicator)                       // looks for the group
//	err = group.Send(peer, message)
//	...
//	err = group.Close(ctx)                              // leaves
//
// memberlist finds out who is alive. Here is what it leaves open: seeds and members that
// are gone are looked for until they are found (rejoin.go); a node that an operator has
// removed stays away until it is asked back (removal.go, removed.go); another node with
// the id of this one is reported (duplicates.go); members that answer over TCP only, or
// not at all, are told from its log (logbridge.go, known.go).
//
// memberlist calls a Group while it holds its locks (delegate.go). So the Receiver is told
// of comings and goings by a goroutine of the Group, in order, and each at most once.
package membership
