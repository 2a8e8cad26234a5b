package gossip

import (
	"fmt"
	"testing"
	"time"

	"owlcache/engine"
)

// BenchmarkCatchUp measures how fast an empty node takes over what another holds, with
// all that it takes over durable.
func BenchmarkCatchUp(b *testing.B) {
	const keys = 200_000
	value := make([]byte, 100)
	for b.Loop() {
		b.StopTimer()
		n := newSimNet(1)
		from, to := n.add(b, time.Hour), n.add(b, time.Hour)
		to.shut(b)
		to.opts.Sync = "always"
		to.open(b)
		entries := make([]engine.Entry, 0, keys)
		for i := range keys {
			entries = append(entries, engine.Entry{Key: fmt.Appendf(nil, "key:%d", i), Value: value, Version: version(time.Now())})
		}
		from.merge(b, entries...)
		b.StartTimer()
		from.start(b)
		to.start(b)
		n.settle(b, time.Minute)
		b.StopTimer()
		n.close(b)
		b.StartTimer()
	}
	b.ReportMetric(keys*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkPush measures encoding and decoding of what is pushed.
func BenchmarkPush(b *testing.B) {
	e := engine.Entry{Key: []byte("key:000001"), Value: make([]byte, 100), Version: version(time.Now())}
	var m entriesMessage
	b.ReportAllocs()
	for b.Loop() {
		p := parts{kind: kindPush, sender: 1}
		for range 1000 {
			p.add(&e)
		}
		for _, msg := range p.messages() {
			if err := m.parse(msg); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
