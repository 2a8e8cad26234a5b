// Package engine is the store: a table in memory in front of a write-ahead log and a
// snapshot. The table is internal/memory, the snapshot internal/snapshot; what both and
// the log hold is internal/format.
//
// # Life cycle
//
//	dir, err := datadir.Open(path)              // lock
//	store, err := engine.Open(ctx, dir, opts)   // recover
//	value, meta, ok := store.Get(nil, key)      // from memory
//	meta, err = store.Set(key, value, expires)  // durable when it returns
//	err = store.Close()                         // drain, sync
//	err = dir.Close()                           // unlock
//
// # A write
//
// Set, Delete, Expire, Commit, Merge and Forget check their arguments and queue a
// submission for the one committer goroutine. It takes all that is waiting, up to
// a bound; decides each operation's condition, in order; gives versions; writes one
// log record per submission, all in one write and one fsync; applies them to the
// table, publishes them to the feed, and answers the callers. So what anybody can
// see is durable, and what is durable is ordered.
//
// # Entries of other nodes
//
// Stores that share their data compare what they hold and take over what they lack:
//
//	store.Digest(&digest)                     // 4096 numbers: which buckets of keys differ
//	items := store.Items(nil, ranges)         // key hash and version of each entry there
//	store.Entries(keyHashes, send)            // what the other one lacks
//	merged, err := store.Merge(entries)       // what this one lacks
//	dropped, err := store.Forget(items)       // what the others have deleted long ago
//
// # Promises
//
//   - A nil error means that the write survives any crash, as far as Options.Sync
//     says. All operations of one Commit survive, or none.
//   - A refused write (ErrNoSpace, a condition, a bad argument) has changed nothing.
//     After ErrReadOnly it is not known whether a restart finds the writes of the
//     failed batch; nobody has seen them.
//   - Versions only grow, over restarts and whatever the wall clock does.
//   - An expired entry is absent for readers from its instant on.
//   - Open shows nothing before all is recovered, and refuses damage that no crash
//     explains, without changing anything.
//
// # What a crash can leave of a checkpoint
//
// A checkpoint writes what the log comes to into the snapshot, key by key, in
// transactions of bounded size, and deletes the log behind itself.
//
//  1. Before its last transaction: the snapshot says that it covers less of the log
//     than it does. Replaying the rest again changes nothing, since an entry is only
//     ever replaced by a newer version, and what was deleted is deleted again.
//  2. Between that and the removal of segments: they are removed at the next start.
//  3. While the file is made, compacted or taken over: it is built under another name
//     and renamed when it is complete. What is left of it is removed.
//
// # Goroutines
//
// The committer is the only writer of the log, the clock and, after Open, the table.
// The sweeper submits the removal of what is expired, like any caller. The
// checkpointer reads the log's files and writes the snapshot. Close ends these two first.
package engine
