// Package held keeps the files of a data directory open as they were at one moment, while
// a node may run on it.
//
//	snapshot, err := held.LockSnapshot(ctx, path, nil) // no checkpoint writes it now
//	log, err := held.OpenLog(dir)                      // no checkpoint deletes it now
//	err = log.Trim()                                   // if a node may append
//	r, err := wal.NewReader(log, dir, from)
//	err = errors.Join(snapshot.Close(), log.Close())
//
// The snapshot comes first: what a checkpoint takes from the log is in it by then. While
// it is locked, a running node does not fold its log.
package held
