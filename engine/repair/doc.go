// Package repair makes a good data directory of what can be read of a damaged one.
//
//	report, err := repair.Run(ctx, repair.Options{Source: damaged, Target: fresh})
//
// It surveys the log, takes the entries of the snapshot, then those of pages that have lost
// their place in its tree, and replays the log over them. The damaged directory is locked
// and never changed. The new one is written as a snapshot and opened once as a store, which
// must hold exactly what was kept; an interrupted repair leaves nothing that a node starts on.
//
// Whatever is lost or uncertain is in the report: places, keys, ranges of keys, records.
package repair
