package backup

import (
	"context"
	"io"

	"owlcache/engine"
)

// Verify reads an archive of size bytes (0 = not known) to its end and checks
// everything in it against its checksums and its manifest. Damage is an
// *ArchiveError, an archive of a newer format a *FormatError. progress may be nil.
func Verify(ctx context.Context, r io.Reader, size int64, progress func(engine.Progress)) (*Manifest, error) {
	counted := &countingReader{r: r, phase: "verify", total: size, progress: progress}
	return readArchive(ctx, counted, discard{io.Discard})
}
