package backup_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"owlcache/engine"
	"owlcache/engine/backup"
)

// benchKeys is how many keys the directory of the benchmarks has.
const benchKeys = 1_000_000

// benchValue is a small document, as a web back end would cache it.
func benchValue(random *rand.Rand, i int) []byte {
	return fmt.Appendf(nil, `{"id":%d,"user":"user-%d","mail":"user-%d@example.org","session":"%016x%016x","roles":["reader","writer"],"visits":%d,"score":%f}`,
		i, i, i, random.Uint64(), random.Uint64(), random.IntN(1000), random.Float64())
}

func benchDir(b *testing.B) (path string, size int64) {
	path = b.TempDir()
	s := openStore(b, path)
	random := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < benchKeys; {
		var ops []engine.Op
		for range 500 {
			ops = append(ops, engine.Op{Kind: engine.Set, Key: fmt.Appendf(nil, "session:%08d", i), Value: benchValue(random, i)})
			i++
		}
		if err := s.Commit(ops); err != nil {
			b.Fatal(err)
		}
	}
	s.checkpoint()
	s.close()
	fi, err := os.Stat(path + "/owlcache.db")
	if err != nil {
		b.Fatal(err)
	}
	return path, fi.Size()
}

func BenchmarkWrite(b *testing.B) {
	path, size := benchDir(b)
	for _, plain := range []bool{false, true} {
		b.Run(fmt.Sprintf("store=%t", plain), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, err := backup.Write(b.Context(), path, io.Discard, backup.Options{Store: plain}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRestore(b *testing.B) {
	path, size := benchDir(b)
	file := b.TempDir() + "/backup"
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := backup.Write(b.Context(), path, f, backup.Options{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for i := 0; b.Loop(); i++ {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if _, err := backup.Restore(b.Context(), f, fmt.Sprintf("%s/%d", b.TempDir(), i), backup.RestoreOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
