package replicate

import (
	"fmt"
	"testing"
	"time"

	"owlcache/cluster/gossip/internal/wire"
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
	var m wire.Entries
	b.ReportAllocs()
	for b.Loop() {
		p := wire.Parts{Kind: wire.KindPush, Sender: 1}
		for range 1000 {
			p.Add(&e)
		}
		for _, msg := range p.Messages() {
			if err := m.Parse(msg); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
