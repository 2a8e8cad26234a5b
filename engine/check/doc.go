// Package check verifies a data directory and changes nothing in it.
//
//	report, err := check.Run(ctx, path, check.Options{})
//	if report.Status == check.Fail { … report.Findings … }
//
// It reads each file beside the data, each record of the log, each page and each value of
// the snapshot, and asks whether the log follows the snapshot. The snapshot and the log
// are read at the same time. A node may run on the directory: what looks wrong is then
// looked at again, since a write that is under way looks so for a moment.
//
// bbolt's own check finds nothing that this one does not; a test compares them.
package check
