//go:build !linux || race

package main

import "runtime/debug"

// limitMemory keeps the process from taking much more memory than that.
func limitMemory(bytes int64) { debug.SetMemoryLimit(bytes / 2) }
