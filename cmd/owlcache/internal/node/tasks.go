package node

import (
	"context"
	"runtime"
	"time"

	"owlcache/api"
	"owlcache/engine"
)

func (s *Server) startTasks() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stopTasks = cancel
	s.tasks.Go(func() { s.lists.Watch(ctx) })
	s.tasks.Go(func() { s.reloadFiles(ctx) })
	if s.certificate != nil {
		s.every(ctx, 24*time.Hour, s.checkCertificate)
	}
	if pause := s.config.Tasks.MemoryLine; pause > 0 {
		logger, server, store := s.logs.About("memory"), s.api, s.store
		s.every(ctx, pause, func(time.Time) { logger.Info("memory", memoryFigures(server, store)...) })
	}
}

// every starts a task that calls do in intervals, until ctx ends.
func (s *Server) every(ctx context.Context, pause time.Duration, do func(now time.Time)) {
	s.tasks.Go(func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				do(now)
			}
		}
	})
}

// Reload reads again what may have been edited while the server runs. It returns at
// once and may be called at any time.
func (s *Server) Reload() {
	select {
	case s.reload <- struct{}{}:
	default: // one is waiting already
	}
}

// reloadFiles reads again what may have been edited when it is told to, until ctx ends.
func (s *Server) reloadFiles(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.reload:
			s.lists.Reload()
			s.reloadCertificate()
			s.reloadSites()
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
