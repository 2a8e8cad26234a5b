package apitest

import (
	"context"
	"owlcache/api"
	"owlcache/api/status"
	"owlcache/engine"
	"strings"
	"sync"
	"testing"
)

// Importer finds what is in a map. A key that begins with "slow" takes until it is
// released, or ctx ends.
type Importer struct {
	Values  map[string]string
	Release chan struct{}

	Mu    sync.Mutex
	Asked []string // keys
	now   int      // questions under way
}

// NewImporter finds values.
func NewImporter(values map[string]string) *Importer {
	return &Importer{Values: values, Release: make(chan struct{})}
}

// ImportedAt is when all that is imported was made, in Unix nanoseconds.
const ImportedAt = 1_700_000_000_123456789

func (f *Importer) Import(ctx context.Context, key []byte) ([]byte, engine.Meta, bool) {
	name := string(key)
	f.Mu.Lock()
	f.Asked = append(f.Asked, name)
	f.now++
	f.Mu.Unlock()
	defer func() {
		f.Mu.Lock()
		f.now--
		f.Mu.Unlock()
	}()
	if strings.HasPrefix(name, "slow") {
		select {
		case <-f.Release:
		case <-ctx.Done():
			return nil, engine.Meta{}, false
		}
	}
	if name == "panic" {
		panic("the ship sank")
	}
	value, found := f.Values[name]
	return []byte(value), engine.Meta{Created: ImportedAt, Size: len(value)}, found
}

func (f *Importer) Status() []status.Origin {
	return []status.Origin{
		{Source: "memcached", Server: "10.0.0.5:11211", Up: true, Hits: 1, Misses: 2, Errors: 3, TooLarge: 4, Skipped: 5, Stored: 6, Unstored: 7,
			Latency: engine.Histogram{Bounds: []float64{0.5}, Counts: []uint64{8, 1}, Sum: 2.5}},
		{Source: "redis", Server: "10.0.0.6:6379", Latency: engine.Histogram{Bounds: []float64{0.5}, Counts: []uint64{0, 0}}},
	}
}

func (f *Importer) UnderWay() int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return f.now
}

// StartImporting starts a server with /ws that imports from f.
func StartImporting(t testing.TB, f *Importer, change func(*api.Options)) *Node {
	t.Helper()
	n := StartLoading(t, func(o *api.Options) {
		o.WebSocket = true
		if change != nil {
			change(o)
		}
	})
	n.SetImporter(f)
	n.Ready(n.Store)
	return n
}
