package wal

import (
	"fmt"
	"testing"
)

// BenchmarkAppend measures one append of n records of 150 bytes, durable.
func BenchmarkAppend(b *testing.B) {
	for _, policy := range []SyncPolicy{SyncAlways, SyncNever} {
		for _, n := range []int{1, 32, 256, 4096} {
			b.Run(fmt.Sprintf("%v/batch=%d", policy, n), func(b *testing.B) {
				l, _, err := Open(Options{Dir: b.TempDir(), Sync: policy}, 0, nil)
				if err != nil {
					b.Fatal(err)
				}
				defer l.Close() //nolint:errcheck // the appends were checked
				record := raw(make([]byte, 150))
				var batch Batch
				b.SetBytes(int64(n * len(record)))
				b.ReportAllocs()
				for b.Loop() {
					batch.Reset()
					for range n {
						if err := batch.Add(record); err != nil {
							b.Fatal(err)
						}
					}
					if _, err := l.Append(&batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

// BenchmarkReplay measures reading a log of 150-byte records.
func BenchmarkReplay(b *testing.B) {
	const records = 200_000
	dir := b.TempDir()
	l, _, err := Open(Options{Dir: dir, Sync: SyncNever}, 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	var batch Batch
	for range records {
		if err := batch.Add(raw(make([]byte, 150))); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := l.Append(&batch); err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := 0
		r, err := NewReader(nil, dir, 0)
		if err != nil {
			b.Fatal(err)
		}
		for r.Next() {
			n++
		}
		if r.Err() != nil || n != records {
			b.Fatal(n, r.Err())
		}
		_ = r.Close()
	}
	b.ReportMetric(float64(b.N)*records/b.Elapsed().Seconds(), "records/s")
}
