package check

import (
	"context"
	"os"
)

// prefetchPart is how many bytes are read at a time.
const prefetchPart = 1 << 20

// prefetch reads a file from its beginning to its end, until ctx ends, so that it is
// in the cache of the system: who then follows the pages of its tree does not wait for
// the disk at each of them. Whoever needs a part that cannot be read will see the error.
func prefetch(ctx context.Context, f *os.File) {
	b := make([]byte, prefetchPart)
	for off := int64(0); ctx.Err() == nil; {
		n, err := f.ReadAt(b, off)
		if err != nil {
			return
		}
		off += int64(n)
	}
}
