// Package classic is the protocol of 0.5.1 over HTTP: /data/ with the commands of one node,
// /group_data/ with get on all nodes of the owlcache group, and /server/ with the lists of
// members. Its answers never change.
//
//	p := classic.New(classic.Lists{Owlcache: members, Gossip: seeds}, exchange.Unknown())
//	p.ServeData(x, store)       // each serves one request
//	p.ServeGroup(x, store)
//	p.ServeLists(x, store)
//
// ServeData finds the command in the table of data.go. A get that misses asks the importer of the node.
package classic
