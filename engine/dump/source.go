package dump

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"owlcache/engine/internal/legacy"
)

// Source is what entries are imported from: lines, or the owlcache.db of a 0.5.1 node; as they are, or
// compressed with zstd or gzip. What it is, is found in its content.
type Source struct {
	r      *bufio.Reader
	legacy bool
	zstd   *zstd.Decoder
}

// sourceBuffer is how much of a source is read at once.
const sourceBuffer = 256 << 10

// maxWindow bounds the memory that a compressed source may ask for.
const maxWindow = 128 << 20

// NewSource looks at the beginning of r. Close the Source after use; r stays open.
func NewSource(r io.Reader) (*Source, error) {
	s := &Source{r: bufio.NewReaderSize(r, sourceBuffer)}
	start, err := s.peek()
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		if s.zstd, err = zstd.NewReader(s.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		s.r = bufio.NewReaderSize(unpacked{s.zstd}, sourceBuffer)
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(s.r)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		s.r = bufio.NewReaderSize(unpacked{z}, sourceBuffer)
	}
	if start, err = s.peek(); err != nil {
		s.Close()
		return nil, err
	}
	if s.legacy = legacy.Is(start); s.legacy {
		return s, nil
	}
	if err := recognise(start); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// unpacked names the reason why a compressed source cannot be read on.
type unpacked struct{ r io.Reader }

func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("the compressed file is damaged or cut off: %w", err)
	}
	return n, err
}

func (s *Source) peek() ([]byte, error) {
	start, err := s.r.Peek(legacy.StartSize)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return start, err
}

// recognise refuses what is of another kind, before the first line is blamed.
func recognise(start []byte) error {
	switch {
	case len(start) > 20 && bytes.Equal(start[16:20], []byte{0xed, 0xda, 0x0c, 0xed}):
		return errors.New("this is the snapshot of a data directory: export the directory, and import that")
	case len(start) > 262 && string(start[257:262]) == "ustar":
		return errors.New("this is an archive, such as a backup: bring it back with \"owlcache restore\"")
	}
	return nil
}

// unit returns what is counted in the source: "line" or "entry".
func (s *Source) unit() string {
	if s.legacy {
		return unitEntry
	}
	return unitLine
}

// Close gives back what decompression has needed.
func (s *Source) Close() {
	if s.zstd != nil {
		s.zstd.Close()
	}
}
