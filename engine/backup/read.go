package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// maxWindow is the greatest zstd window that is accepted, in bytes: what reading an
// archive needs of memory follows from it. That of our own frames is frameSize.
const maxWindow = 32 << 20

// maxPadding is how many zeros may follow the last file, in bytes: tar programs fill their last block.
const maxPadding = 1 << 20

// A sink takes the files of an archive. Every file that create has returned is closed; its content is
// whole only if the archive is read to its end without an error.
type sink interface {
	create(name string, size int64) (io.WriteCloser, error)
}

// discard is the sink that keeps nothing.
type discard struct{ io.Writer }

func (d discard) create(string, int64) (io.WriteCloser, error) { return d, nil }
func (d discard) Close() error                                 { return nil }

// reader reads one archive.
type reader struct {
	ctx         context.Context
	in, content *source // the archive, and what is compressed in it
	tar         *tar.Reader

	to    sink
	seen  map[string]bool
	files []File
	buf   []byte

	manifest *Manifest
	strange  error // the first thing in the archive that this program does not know
}

// Verify reads an archive of size bytes (0 = not known) to its end and checks
// everything in it against its checksums and its manifest. Damage is an
// *ArchiveError, an archive of a newer format a *FormatError. progress may be nil.
func Verify(ctx context.Context, r io.Reader, size int64, progress func(engine.Progress)) (*Manifest, error) {
	counted := &datadir.ProgressReader{Reader: r, Progress: engine.Progress{Phase: "verify", Total: size}, Tell: progress}
	return readArchive(ctx, counted, discard{io.Discard})
}

// readArchive reads the whole archive, gives its files to a sink, and checks everything. An archive
// that is damaged, or hostile, is an *ArchiveError; one of a newer format a *FormatError.
func readArchive(ctx context.Context, in io.Reader, to sink) (*Manifest, error) {
	r := &reader{ctx: ctx, in: &source{ctx: ctx, r: in}, to: to, seen: map[string]bool{}, buf: make([]byte, copyStep)}
	z, err := zstd.NewReader(r.in, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	defer z.Close()
	r.content = &source{ctx: ctx, r: z}
	r.tar = tar.NewReader(r.content)
	for {
		err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return r.manifest, nil
}

// next reads one file. It returns io.EOF behind the last.
func (r *reader) next() error {
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return r.explain(err)
	}
	if len(r.seen) > maxFiles {
		return badArchive("it has more than %d files", maxFiles)
	}
	if r.manifest != nil {
		return badArchive("%.100q follows the manifest", h.Name)
	}
	if r.seen[h.Name] {
		return badArchive("%.100q is there twice", h.Name)
	}
	kind, valid := kindOf(h.Name)
	if kind != unknownFile {
		r.seen[h.Name] = true
	}
	if err := unusual(h, kind); err != nil {
		// An archive of a newer format may have what is strange here: its manifest,
		// which comes last, decides what is said.
		if r.strange == nil {
			r.strange = err
		}
		return nil
	}
	switch kind {
	case manifestFile:
		return r.readManifest(h.Size)
	case besideFile:
		return r.readSmall(h, valid)
	default:
		return r.copyFile(h, r.tar)
	}
}

// unusual says what is wrong with a file in an archive, if anything is.
func unusual(h *tar.Header, kind fileKind) error {
	switch {
	case kind == unknownFile:
		return badArchive("%.100q is no file of a backup", h.Name)
	case h.Typeflag != tar.TypeReg:
		return badArchive("%s is no regular file", h.Name)
	case h.Size < 0:
		return badArchive("%s has a negative size", h.Name)
	case kind != dataFile && h.Size > datadir.MaxSmallFile:
		return badArchive("%s has %d bytes, more than %d", h.Name, h.Size, datadir.MaxSmallFile)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return badArchive("%s is a sparse file", h.Name)
		}
	}
	return nil
}

func (r *reader) readManifest(size int64) error {
	b := make([]byte, size)
	if _, err := io.ReadFull(r.tar, b); err != nil {
		return r.explain(err)
	}
	m, err := parseManifest(b)
	r.manifest = m
	return err
}

// readSmall reads a file beside the data, which must be valid.
func (r *reader) readSmall(h *tar.Header, valid func([]byte) error) error {
	b := make([]byte, h.Size)
	if _, err := io.ReadFull(r.tar, b); err != nil {
		return r.explain(err)
	}
	if err := valid(b); err != nil {
		return badArchive("%s: %v", h.Name, err)
	}
	return r.copyFile(h, bytes.NewReader(b))
}

// copyFile gives a file to the sink and hashes it.
func (r *reader) copyFile(h *tar.Header, content io.Reader) (err error) {
	w, err := r.to.create(h.Name, h.Size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	sum := sha256.New()
	size := int64(0)
	for {
		n, rerr := content.Read(r.buf)
		_, _ = sum.Write(r.buf[:n]) // a hash does not fail
		if _, err := w.Write(r.buf[:n]); err != nil {
			return err
		}
		size += int64(n)
		if errors.Is(rerr, io.EOF) {
			break
		}
		if rerr != nil {
			return r.explain(rerr)
		}
	}
	r.files = append(r.files, File{Name: h.Name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// end checks what can be known only when all has been read.
func (r *reader) end() error {
	switch {
	case r.manifest == nil && r.strange != nil && len(r.files) == 0:
		return badArchive("it is no backup of owlcache")
	case r.manifest == nil:
		return badArchive("it ends before its manifest: it was cut off")
	case r.strange != nil:
		return r.strange
	}
	for rest := 0; ; {
		n, err := r.content.Read(r.buf)
		for _, c := range r.buf[:n] {
			if c != 0 {
				return badArchive("something follows its end")
			}
		}
		if rest += n; rest > maxPadding {
			return badArchive("something follows its end")
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r.explain(err)
		}
	}
	return r.manifest.compare(r.files)
}

// explain tells damage of the archive from what has kept it from being read.
func (r *reader) explain(err error) error {
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case r.in.failed() != nil:
		return r.in.failed()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badArchive("it ends in the middle: it was cut off")
	case r.content.failed() != nil:
		return badArchive("zstd: %v", r.content.failed())
	}
	return badArchive("tar: %v", err)
}

// source remembers the error of a reader, which zstd reads in goroutines of its own. It ends when
// ctx does.
type source struct {
	ctx context.Context
	r   io.Reader
	err atomic.Pointer[error]
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err.Store(&err)
	}
	return n, err
}

func (s *source) failed() error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}
