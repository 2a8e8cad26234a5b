// Package cluster lets nodes answer together. A node belongs to two groups that know
// nothing of each other:
//
//   - the owlcache group: its nodes hold their own data; a query asks them all for a key
//     and puts the newest value first (Group);
//   - the gossip group: its nodes come to hold the same data. Only its list of members
//     is kept here so far.
//
// The members of each are a List: a file in the data directory, which is written on a
// change, and read again when somebody else has changed it.
//
//	lists, err := cluster.OpenLists(dir, cluster.ListOptions{Logger: logger})
//	go lists.Watch(ctx)            // until ctx ends
//	group, err := cluster.NewGroup(cluster.Options{Members: lists.Owlcache, Store: store})
//	answers, reach := group.Query(ctx, key, "")
//	...
//	err = group.Close()            // waits for all that the group has started
//
// # Lists
//
// The file is the truth. A change reads it first, so that no edit is lost, writes it
// whole and durably, and only then changes the list in memory. An edit by hand is taken
// up within two seconds by Watch, or at once by Reload; one with a mistake changes
// nothing, and is told once, with line and column. A list is bounded (MaxMembers). What
// Members returns never changes: a change of the list makes another slice, so readers
// take no lock.
//
// # A question
//
// A query looks at the answers that are kept (cache.go), joins the questions for its key
// that are under way or asks its own (query_flight.go), each member once and all at the
// same time, and merges what has come within Options.RequestTimeout (merge.go). How a
// member is asked is behind the interface asker: over HTTP (http_asker.go) or a WebSocket
// (socket_asker.go). A member that does not answer in time, or fails several times in a
// row, is down: nobody waits for it until a probe in the background has found it well
// (member_breaker.go).
//
// # Promises
//
//   - A query ends within Options.RequestTimeout, whatever the members do.
//   - The node itself is never asked over the network.
//   - However many clients ask for a key at once, a member sees one question for it.
//   - Bounded are: the bytes of kept answers, of a value and of values that are being
//     read, connections to a member, and questions under way.
//   - What a member says is parsed within bounds, followed nowhere, and logged only as
//     one short line.
package cluster
