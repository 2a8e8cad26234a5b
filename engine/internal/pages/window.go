package pages

import (
	"errors"
	"fmt"
	"io"
)

// Sizes of a window, in bytes.
const (
	minWindow = 16 << 10
	maxWindow = 1 << 20
	windowGap = 64 << 10 // pages that are passed by without breaking a sequence
)

// window reads parts of a file through a buffer, which grows while what is asked
// for lies behind what was read before: pages that follow each other in the file are
// read together, and single ones alone.
type window struct {
	f    io.ReaderAt
	buf  []byte
	at   int64 // offset of buf in the file
	size int   // to read next
}

// read returns n bytes from off on, valid until the next call.
func (w *window) read(off int64, n int) ([]byte, error) {
	end := w.at + int64(len(w.buf))
	if off >= w.at && off+int64(n) <= end {
		return w.buf[off-w.at:][:n], nil
	}
	if off >= w.at && off <= end+windowGap && w.size > 0 {
		w.size = min(2*w.size, maxWindow)
	} else {
		w.size = minWindow
	}
	want := max(n, w.size)
	if cap(w.buf) < want {
		w.buf = make([]byte, want)
	}
	w.at, w.buf = off, w.buf[:want]
	got, err := w.f.ReadAt(w.buf, off)
	w.buf = w.buf[:got]
	if got >= n {
		return w.buf[:n], nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("the file ends at offset %d, in the middle of a page: %w", off+int64(got), io.ErrUnexpectedEOF)
	}
	return nil, err
}
