package engine

import (
	"context"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// dropMappedEvery is how often the memory of a mapped file is given back.
const dropMappedEvery = 5 * time.Millisecond

// dropMapped gives back the memory in which the file of db is mapped, again and again
// until ctx ends: what a walk over the whole file has passed would else count as memory
// of this process. A page that is read again comes from the system's cache.
func dropMapped(ctx context.Context, db *bbolt.DB, size int64) {
	tick := time.NewTicker(dropMappedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Only advice. The mapping may be larger than the file, and is not smaller.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, db.Info().Data, uintptr(size), unix.MADV_DONTNEED)
	}
}
