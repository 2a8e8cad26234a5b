// Package datadir owns the data directory as such: the names in it, the lock, the
// identity of the node, generated secrets, and files that are written atomically.
// What the log and the snapshot hold is the business of packages wal and engine.
//
//	dir, err := datadir.Open(path) // create, lock, check the format, clean up
//	defer dir.Close()              // unlock
//	store, err := engine.Open(ctx, dir, opts)
//
// The lock is an flock on the file LOCK: it goes with the process, whatever ends
// it. The text in the file only tells people who holds it.
package datadir
