package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// maxWindow is the greatest zstd window that is accepted, in bytes: what reading an
// archive needs of memory follows from it. That of our own frames is frameSize.
const maxWindow = 32 << 20

// maxPadding is how many zeros may follow the last file, in bytes: tar programs fill
// their last block.
const maxPadding = 1 << 20

// A sink takes the files of an archive. Every file that create has returned is
// closed; its content is whole only if the archive is read to its end without an
// error.
type sink interface {
	create(name string, size int64) (io.WriteCloser, error)
}

// discard is the sink that keeps nothing.
type discard struct{ io.Writer }

func (d discard) create(string, int64) (io.WriteCloser, error) { return d, nil }
func (d discard) Close() error                                 { return nil }

// reader reads one archive.
type reader struct {
	tar   *tar.Reader
	to    sink
	kinds kinds
	seen  map[string]bool
	files []File
	buf   []byte

	manifest *Manifest
	strange  error // the first thing in the archive that this program does not know
}

// readArchive reads the whole archive, gives its files to a sink, and checks
// everything. An archive that is damaged, or hostile, is an *ArchiveError; one of a
// newer format a *FormatError.
func readArchive(ctx context.Context, in io.Reader, to sink) (*Manifest, error) {
	z, err := zstd.NewReader(&contextReader{ctx: ctx, r: in}, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	defer z.Close()
	content := &contextReader{ctx: ctx, r: zstdErrors{z}}
	r := &reader{tar: tar.NewReader(content), to: to, kinds: newKinds(), seen: map[string]bool{}, buf: make([]byte, copyStep)}
	for {
		err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.end(content); err != nil {
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
		return tarError(err)
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
	kind := r.kinds.of(h.Name)
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
		return r.readSmall(h)
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
		return tarError(err)
	}
	m, err := parseManifest(b)
	r.manifest = m
	return err
}

// readSmall reads a file beside the data, which must be valid.
func (r *reader) readSmall(h *tar.Header) error {
	b := make([]byte, h.Size)
	if _, err := io.ReadFull(r.tar, b); err != nil {
		return tarError(err)
	}
	if err := r.kinds.small[h.Name].valid(b); err != nil {
		return badArchive("%s: %v", h.Name, err)
	}
	return r.copyFile(h, strings.NewReader(string(b)))
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
			return tarError(rerr)
		}
	}
	r.files = append(r.files, File{Name: h.Name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// end checks what can be known only when all has been read.
func (r *reader) end(content io.Reader) error {
	switch {
	case r.manifest == nil && r.strange != nil && len(r.files) == 0:
		return badArchive("it is no backup of owlcache")
	case r.manifest == nil:
		return badArchive("it ends before its manifest: it was cut off")
	case r.strange != nil:
		return r.strange
	}
	for rest := 0; ; {
		n, err := content.Read(r.buf)
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
			return tarError(err)
		}
	}
	return r.manifest.compare(r.files)
}

// streamError is an error of zstd, and not of what it reads from.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

// inputError is an error of what zstd reads from.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// zstdErrors marks what is wrong with the compressed stream.
type zstdErrors struct{ r io.Reader }

func (z zstdErrors) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	var input *inputError
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &input) {
		err = &streamError{err}
	}
	return n, err
}

// contextReader ends when ctx does, and marks other errors as those of the input.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, &inputError{err}
	}
	n, err := c.r.Read(p)
	var stream *streamError
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &stream) {
		err = &inputError{err}
	}
	return n, err
}

// tarError tells damage of the archive from errors of what it is read from.
func tarError(err error) error {
	var input *inputError
	var stream *streamError
	switch {
	case errors.As(err, &input):
		return input.err
	case errors.As(err, &stream) && errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrUnexpectedEOF):
		return badArchive("it ends in the middle: it was cut off")
	case errors.As(err, &stream):
		return badArchive("zstd: %v", stream.err)
	}
	return badArchive("tar: %v", err)
}

// countingReader tells how far a file has been read.
type countingReader struct {
	r           io.Reader
	phase       string
	done, total int64
	progress    func(engine.Progress)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	if c.progress != nil && c.total > 0 {
		c.progress(engine.Progress{Phase: c.phase, Done: c.done, Total: c.total, Unit: "bytes"})
	}
	return n, err
}
