package node

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"owlcache/api"
	"owlcache/engine"
)

// logMemory writes a line about what the process holds now and then, until ctx ends.
func logMemory(ctx context.Context, every time.Duration, logger *slog.Logger, server *api.Server, store *engine.Store) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			logger.Info("memory", memoryFigures(server, store)...)
		}
	}
}

// memoryFigures returns what the process holds, as attributes of a log line.
func memoryFigures(server *api.Server, store *engine.Store) []any {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	st := store.Stats()
	return []any{
		"heap_bytes", m.HeapAlloc, "heap_objects", m.HeapObjects, "system_bytes", m.Sys,
		"gc_runs", m.NumGC, "goroutines", runtime.NumGoroutine(), "connections", server.Connections(),
		"keys", st.Keys, "data_bytes", st.DataBytes, "memory_bytes", st.MemBytes,
		"log_bytes", st.LogBytes, "snapshot_bytes", st.Checkpoint.FileBytes,
	}
}
