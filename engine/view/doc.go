// Package view shows the content of a data directory at one moment, whether a node runs on
// it or not.
//
//	v, err := view.Open(ctx, path, view.Options{Prefix: prefix})
//	info := v.Info()                               // snapshot, log, who runs on it
//	err = v.Entries(ctx, after, visit)             // in the order of the keys
//	err = v.Log(ctx, from, visit)                  // operations in the order of the log
//	err = v.Close()
//
//	err = view.Follow(ctx, path, from, visit, nil) // also those that a node adds
//
// A View is the snapshot, with the part of the log that it does not cover laid over it:
// what a checkpoint would write.
//
// # Promises
//
//   - Nothing in the directory is made or changed.
//   - What a View needs of memory does not depend on the number of keys. A log that is too
//     long for memory is sorted in a file without a name.
//   - Damage is a *format.CorruptError, or told to Options.Damaged and passed by.
//   - While a View is open, a running node does not fold its log; reads and writes go on.
package view
