// Package held keeps the files of a data directory open as they were at one moment, while
// a node may run on it.
//
//	files, err := held.Open(ctx, source, nil) // no checkpoint writes or deletes them now
//	err = files.Log.Trim()                    // if a node may append
//	r, err := wal.NewReader(files.Log, dir, from)
//	err = files.Close()
//
// The snapshot comes first: what a checkpoint takes from the log is in it by then. While
// it is locked, a running node does not fold its log.
package held
