// Package cluster keeps the lists of members of the two groups that a node may belong to,
// and what both kinds of group share. The groups know nothing of each other:
//
//   - the owlcache group (package group): its nodes hold their own data, and a query asks
//     them all;
//   - the gossip group (package gossip): its nodes come to hold the same data.
//
// A List is a file in the data directory, which is written on a change, and read again
// when somebody else has changed it.
//
//	lists, err := cluster.OpenLists(dir, cluster.ListOptions{Logger: logger})
//	go lists.Watch(ctx)            // until ctx ends
//	member, isNew, err := lists.Owlcache.Add("10.0.0.5:7721")
//	members := lists.Owlcache.Members()
//	<-lists.Owlcache.Changed()
//
// # Promises
//
//   - The file is the truth. A change reads it first, so that no edit is lost, writes it
//     whole and durably, and only then changes the list in memory.
//   - Watch takes up an edit by hand within two seconds, Reload at once. An edit with a
//     mistake changes nothing, and is told once, with line and column.
//   - A list has at most MaxMembers addresses, each once and as ParseAddress writes it.
//   - What Members returns never changes: a change of the list makes another slice, so
//     readers take no lock.
package cluster
