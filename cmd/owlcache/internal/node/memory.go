package node

import (
	"runtime"

	"owlcache/api"
	"owlcache/engine"
)

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
