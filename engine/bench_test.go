package engine

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

func benchKey(dst []byte, i int) []byte { return fmt.Appendf(dst[:0], "key:%012d", i) }

// fill puts n entries of 100 bytes into a store, without waiting for the disk.
func fill(b *testing.B, s *node, n int) {
	b.Helper()
	value := make([]byte, 100)
	ops := make([]Op, 0, 1000)
	for i := range n {
		ops = append(ops, Op{Kind: Set, Key: benchKey(nil, i), Value: value})
		if len(ops) == cap(ops) || i == n-1 {
			if err := s.Commit(ops); err != nil {
				b.Fatal(err)
			}
			ops = ops[:0]
		}
	}
}

func BenchmarkGet(b *testing.B) {
	const keys = 1_000_000
	s := startNode(b, b.TempDir(), Options{Sync: "no"})
	fill(b, s, keys)
	var seed atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		i := int(seed.Add(7919))
		var key, value []byte
		for pb.Next() {
			i = (i*1103515245 + 12345) & (1<<30 - 1)
			key = benchKey(key, i%keys)
			var ok bool
			if value, _, ok = s.Get(value[:0], key); !ok {
				b.Error("miss")
				return
			}
		}
	})
}

// BenchmarkCommit measures durable sets of 100 bytes from several callers at once.
func BenchmarkCommit(b *testing.B) {
	for _, sync := range []string{"always", "no"} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", sync, callers), func(b *testing.B) {
				s := startNode(b, b.TempDir(), Options{Sync: sync})
				value := make([]byte, 100)
				var n atomic.Int64
				b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
				b.ReportAllocs()
				b.ResetTimer()
				if callers == 1 {
					var key []byte
					for i := range b.N {
						key = benchKey(key, i)
						if _, err := s.Set(key, value, 0); err != nil {
							b.Fatal(err)
						}
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					var key []byte
					for pb.Next() {
						key = benchKey(key, int(n.Add(1)))
						if _, err := s.Set(key, value, 0); err != nil {
							b.Error(err)
							return
						}
					}
				})
				st := s.Stats()
				b.ReportMetric(float64(st.Commits)/float64(max(1, count(st.Batch))), "sets/batch")
			})
		}
	}
}

func count(h Histogram) (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// BenchmarkRecovery measures starting with a million keys.
func BenchmarkRecovery(b *testing.B) {
	const keys = 1_000_000
	for _, from := range []string{"log", "snapshot"} {
		b.Run(from, func(b *testing.B) {
			s := startNode(b, b.TempDir(), Options{Sync: "no"})
			fill(b, s, keys)
			if from == "snapshot" {
				if err := s.Checkpoint(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				s = s.restart(b, Options{Sync: "no"})
			}
			if st := s.Stats(); st.Keys != keys {
				b.Fatal(st.Keys)
			}
			b.ReportMetric(float64(b.N)*keys/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// BenchmarkMemory reports what a key costs besides its bytes.
func BenchmarkMemory(b *testing.B) {
	const keys = 1_000_000
	for b.Loop() {
		s := startNode(b, b.TempDir(), Options{Sync: "no"})
		fill(b, s, keys)
		st := s.Stats()
		b.ReportMetric(float64(st.MemBytes-st.DataBytes)/keys, "overhead-B/key")
		_ = s.stop()
	}
}

// BenchmarkCheckpoint measures folding a million writes into a snapshot of a
// million other keys.
func BenchmarkCheckpoint(b *testing.B) {
	const keys = 1_000_000
	for b.Loop() {
		b.StopTimer()
		s := startNode(b, b.TempDir(), Options{Sync: "no", CheckpointLogBytes: 1 << 40})
		fill(b, s, keys)
		if err := s.Checkpoint(context.Background()); err != nil {
			b.Fatal(err)
		}
		fill(b, s, keys)
		b.StartTimer()
		if err := s.Checkpoint(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = s.stop()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*keys/b.Elapsed().Seconds(), "keys/s")
}
