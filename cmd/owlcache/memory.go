package main

import (
	"context"
	"log/slog"
	"runtime"
	"time"
)

// logMemory writes a line about the memory of the process now and then, until
// ctx ends.
func logMemory(ctx context.Context, every time.Duration, logger *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			logger.Info("memory", "heap_bytes", m.HeapAlloc, "heap_objects", m.HeapObjects, "system_bytes", m.Sys,
				"gc_runs", m.NumGC, "goroutines", runtime.NumGoroutine())
		}
	}
}
