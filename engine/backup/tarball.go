package backup

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	"owlcache/engine/internal/ordered"
)

// frameSize is how much content one zstd frame has, in bytes.
const frameSize = 4 << 20

// frame is a piece of the content on its way.
type frame struct{ in, out []byte }

// frames cuts what is written to it into pieces, of which independent zstd frames are made.
type frames struct {
	line *ordered.Line[frame]
	cur  *ordered.Part[frame] // being filled
}

// encoder returns what appends a frame of content to dst.
func encoder(plain bool, workers int) (func(content, dst []byte) []byte, error) {
	if plain {
		return func(content, dst []byte) []byte { return store(dst, content) }, nil
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(frameSize),
		zstd.WithEncoderCRC(true), zstd.WithEncoderConcurrency(workers))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return e.EncodeAll, nil
}

// Write takes p over.
func (f *frames) Write(p []byte) (n int, err error) {
	for n < len(p) {
		space, err := f.space()
		if err != nil {
			return n, err
		}
		c := copy(space, p[n:])
		if err := f.filled(c); err != nil {
			return n, err
		}
		n += c
	}
	return n, nil
}

// space returns where the next bytes of the content go.
func (f *frames) space() (_ []byte, err error) {
	if f.cur == nil {
		if f.cur, err = f.line.Next(); err != nil {
			return nil, err
		}
		if f.cur.Work.in == nil {
			f.cur.Work.in = make([]byte, 0, frameSize)
		}
		f.cur.Work.in = f.cur.Work.in[:0]
	}
	in := f.cur.Work.in
	return in[len(in):frameSize], nil
}

// filled takes over n bytes that were put into the space.
func (f *frames) filled(n int) error {
	f.cur.Work.in = f.cur.Work.in[:len(f.cur.Work.in)+n]
	if len(f.cur.Work.in) < frameSize {
		return nil
	}
	return f.flush()
}

// flush hands on what there is of a frame.
func (f *frames) flush() error {
	if f.cur == nil || len(f.cur.Work.in) == 0 {
		return nil
	}
	cur := f.cur
	f.cur = nil
	return f.line.Send(cur, 2*frameSize)
}

// tarBlock is the unit of a tar file, in bytes.
const tarBlock = 512

// tarball writes a tar file into frames. Content may also be put right into these,
// behind its header: a tar.Writer would copy it once more.
type tarball struct {
	out  *frames
	time time.Time // of all files
	pad  int64     // bytes to the next block
}

// begin writes the header of a file. Its content must follow, in full.
func (t *tarball) begin(name string, size int64) error {
	var header bytes.Buffer
	err := tar.NewWriter(&header).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: t.time})
	if err != nil {
		return err
	}
	if err := t.zeros(t.pad); err != nil {
		return err
	}
	t.pad = -size & (tarBlock - 1)
	_, err = t.out.Write(header.Bytes())
	return err
}

// file writes a whole file.
func (t *tarball) file(name string, content []byte) error {
	if err := t.begin(name, int64(len(content))); err != nil {
		return err
	}
	_, err := t.out.Write(content)
	return err
}

// end writes the end of the tar file.
func (t *tarball) end() error { return t.zeros(t.pad + 2*tarBlock) }

func (t *tarball) zeros(n int64) error {
	_, err := t.out.Write(make([]byte, n))
	return err
}
