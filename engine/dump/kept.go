package dump

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"owlcache/engine"
)

// Kept describes the good beginning of an unfinished file.
type Kept struct {
	Lines int64
	Bytes int64
	Cut   int64  // bytes behind it, of what was being written
	Last  []byte // key of the last line; nil if there is none
}

// readKept reads an unfinished file up to the first line that is not as Export writes
// it. A crash of the machine may have left such a line anywhere, not only at the end.
func readKept(f *os.File) (Kept, error) {
	fi, err := f.Stat()
	if err != nil {
		return Kept{}, err
	}
	if !fi.Mode().IsRegular() {
		return Kept{}, ErrForeign
	}
	k := keptReader{}
	lines := newLineReader(io.NewSectionReader(f, 0, fi.Size()))
	var b lineBlock
	for good := true; good; {
		err := lines.read(&b)
		var long *LineError
		if errors.Is(err, io.EOF) || errors.As(err, &long) {
			break
		}
		if err != nil {
			return Kept{}, err
		}
		good = k.block(b.text)
	}
	if k.Lines == 0 && fi.Size() > 0 && !mayBecomeLine(f) {
		return Kept{}, ErrForeign
	}
	k.Cut = fi.Size() - k.Bytes
	return k.Kept, nil
}

// mayBecomeLine tells whether a file looks like the beginning of an export, or like
// one that a crash has kept from the disk.
func mayBecomeLine(f *os.File) bool {
	var b [16]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	start, _, _ := strings.Cut(string(b[:n]), "\x00") // a page that was not written is zeros
	for _, want := range []string{`{"key":"`, `{"key_base64":"`} {
		if n := min(len(start), len(want)); strings.HasPrefix(want, start[:n]) {
			return true
		}
	}
	return false
}

// keptReader checks lines of a file.
type keptReader struct {
	Kept
	encode  Encoder
	scratch []byte
}

// block checks lines and tells whether all of them are good.
func (k *keptReader) block(text []byte) bool {
	for line := range bytes.Lines(text) {
		if !k.line(line) {
			return false
		}
		k.Lines++
		k.Bytes += int64(len(line))
	}
	return true
}

func (k *keptReader) line(line []byte) bool {
	var e engine.Entry
	if Decode(line, &e) != nil || k.Lines > 0 && bytes.Compare(e.Key, k.Last) <= 0 {
		return false
	}
	k.scratch = k.encode.Append(k.scratch[:0], &e)
	if !bytes.Equal(k.scratch, line) {
		return false
	}
	k.Last = append(k.Last[:0], e.Key...)
	return true
}
