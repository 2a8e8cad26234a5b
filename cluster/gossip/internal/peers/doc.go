// Package peers keeps peers.json: the members last seen alive, what this node has seen of
// the writes of others, and what an operator has removed from the group.
//
//	file, err := peers.Open(path, id, logger)
//	seen, err := file.Versions(lsn)         // of the last run
//	file.KeepVersions(replicator.Versions)  // from now on
//	file.Seen(id, "10.0.0.5:7946")          // written soon
//	...
//	file.Close()                            // writes what is to be written
//
// A file that is damaged is put aside. A writing that fails is tried again. What is kept
// is bounded.
package peers
