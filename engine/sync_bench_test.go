package engine

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/engine/internal/format"
)

// setFrom64 does n sets of 100 bytes from 64 goroutines.
func setFrom64(b *testing.B, s *node, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	value := make([]byte, 100)
	for range 64 {
		wg.Go(func() {
			var key []byte
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				key = benchKey(key, int(i)%1_000_000)
				if _, err := s.Set(key, value, 0); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkFeed measures sets by 64 callers with nobody listening and with three who do.
func BenchmarkFeed(b *testing.B) {
	for _, mode := range []string{"always", "no"} {
		for _, listeners := range []int{0, 3} {
			b.Run(fmt.Sprintf("%s/listeners=%d", mode, listeners), func(b *testing.B) {
				s := startNode(b, b.TempDir(), Options{Sync: mode, CheckpointLogBytes: 1 << 40})
				ctx, cancel := context.WithCancel(context.Background())
				var wg sync.WaitGroup
				var got atomic.Int64
				for range listeners {
					sub := s.Subscribe(64 << 20)
					defer sub.Close()
					wg.Go(func() {
						for changes, ok := sub.Next(ctx); ok; changes, ok = sub.Next(ctx) {
							got.Add(int64(len(changes)))
						}
					})
				}
				b.ReportAllocs()
				b.ResetTimer()
				setFrom64(b, s, b.N)
				b.StopTimer()
				cancel()
				wg.Wait()
				st := s.Stats()
				b.ReportMetric(float64(st.Commits)/float64(count(st.Batch)), "sets/batch")
			})
		}
	}
}

// BenchmarkMerge measures taking over 10,000 entries of 100 bytes at once: keys that
// are not there, and newer versions of keys that are.
func BenchmarkMerge(b *testing.B) {
	const n = 10_000
	for _, c := range []struct {
		name string
		keys int
	}{{"new", 1 << 30}, {"newer", n}} {
		b.Run(c.name, func(b *testing.B) {
			s := startNode(b, b.TempDir(), Options{TombstoneGrace: time.Hour})
			entries := make([]Entry, n)
			value := make([]byte, 100)
			start := format.HybridTime(time.Now())
			next := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for i := range entries {
					next++
					entries[i] = Entry{Key: benchKey(entries[i].Key, next%c.keys), Value: value, Version: Version{Time: start + uint64(next), Node: 9}}
				}
				runtime.GC()
				b.StartTimer()
				if m, err := s.Merge(entries); err != nil || m.Taken != n {
					b.Fatalf("%+v, %v", m, err)
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkItems measures the comparison of a store of a million keys: all of it, and
// one bucket; and the fetch of 10,000 entries that lie close together.
func BenchmarkItems(b *testing.B) {
	const keys = 1_000_000
	s := startNode(b, b.TempDir(), Options{Sync: "no"})
	fill(b, s, keys)
	all := s.Items(nil, []HashRange{{First: 0, Last: 1<<64 - 1}})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			all = s.Items(all[:0], []HashRange{{First: 0, Last: 1<<64 - 1}})
		}
		b.ReportMetric(float64(b.N)*keys/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("bucket", func(b *testing.B) {
		var items []Item
		for b.Loop() {
			items = s.Items(items[:0], []HashRange{{First: 0, Last: 1<<52 - 1}})
		}
	})
	b.Run("fetch", func(b *testing.B) {
		var want []uint64
		for _, it := range all[keys/2 : keys/2+10_000] {
			want = append(want, it.Hash)
		}
		n := 0
		for b.Loop() {
			s.Entries(want, func(*Entry) bool { n++; return true })
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
	})
}
