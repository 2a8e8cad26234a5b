// Package snapshot keeps the bbolt file that holds all entries up to a record of the log.
//
// A file that exists is brought up to date part by part; each Write is durable:
//
//	w, err := snapshot.Open(path, snapshot.Options{Node: id}) // locked, its pages verified
//	err = w.Write(ctx, part)
//	err = w.Close()
//
// A new one is written under another name, and takes its own when it is complete:
//
//	w, err := snapshot.Create(path, snapshot.Options{Node: id})
//	err = w.Write(ctx, part)
//	err = w.Commit()
//	err = w.Close() // removes the file if it was not committed
//
// And all of it:
//
//	meta, err := snapshot.Load(ctx, path, visit, progress) // in several goroutines
//	done, meta, err := snapshot.Compact(ctx, path, options) // writes it anew without free room
//
// # Promises
//
//   - Transactions are of bounded size. Only the last one of a Write says that the part of
//     the log is covered: after a crash the log is replayed from where the file says.
//   - The meta data have the true counts after each transaction.
//   - bbolt never sees a tree that was not walked before; its panics, and faults in the
//     memory in which the file is mapped, are a *format.CorruptError.
//   - Whoever has the file open keeps others from writing it, which is ErrBusy.
package snapshot
