// The race detector needs more memory than any limit that makes sense.
//
//go:build linux && !race

package main

import (
	"runtime/debug"
	"syscall"
)

// limitMemory ends the process, at the latest, when it takes more memory than that.
// The pages of a mapped file do not count.
func limitMemory(bytes int64) {
	debug.SetMemoryLimit(bytes / 2)
	// It is a help: without it the process is still bounded in time.
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)})
}
