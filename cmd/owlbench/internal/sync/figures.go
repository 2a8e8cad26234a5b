package sync

import (
	"context"
	"strings"
)

// figures are some of the figures that a node shows.
type figures struct {
	queue    float64 // bytes that wait for the node for which they are most
	memory   float64 // resident, bytes
	merged   float64 // entries taken over
	received float64
	dropped  float64 // changes
}

// figures asks a node for its figures.
func (n *member) figures(ctx context.Context) (figures, error) {
	all, err := n.Metrics(ctx)
	return newFigures(all), err
}

func newFigures(all map[string]float64) figures {
	f := figures{
		memory: all["process_resident_memory_bytes"],
		merged: all["owlcache_sync_merged_total"], received: all["owlcache_sync_received_total"],
	}
	for name, v := range all { // of each peer
		switch family, _, _ := strings.Cut(name, "{"); family {
		case "owlcache_sync_peer_queue_bytes":
			f.queue = max(f.queue, v)
		case "owlcache_sync_peer_dropped_total":
			f.dropped += v
		}
	}
	return f
}

// grow makes the figures that have a greatest value the greater ones of both.
func (f *figures) grow(g figures) {
	f.queue, f.memory, f.dropped = max(f.queue, g.queue), max(f.memory, g.memory), max(f.dropped, g.dropped)
}
