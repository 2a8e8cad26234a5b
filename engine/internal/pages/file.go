package pages

import (
	"errors"
	"fmt"
	"io"

	"owlcache/wal"
)

// File reads the pages of a bbolt file.
type File struct {
	Size     int64 // of the file, in bytes
	PageSize int64 // in bytes
	Metas    [2]Meta

	f io.ReaderAt

	lenient bool
	window  window // of a strict reader
}

// Open returns a strict reader of a file of a size.
func Open(f io.ReaderAt, size int64) *File { return open(f, size, false) }

// OpenDamaged returns a lenient reader.
func OpenDamaged(f io.ReaderAt, size int64) *File { return open(f, size, true) }

func open(f io.ReaderAt, size int64, lenient bool) *File {
	p := &File{Size: size, f: f, window: window{f: f}, lenient: lenient}
	for at := int64(0); at <= MaxPageSize; at = max(MinPageSize, 2*at) {
		if m := p.meta(at); m.Valid && (at == 0 || at == m.pageSize) {
			p.PageSize = m.pageSize
			break
		}
	}
	if p.PageSize == 0 {
		p.PageSize = p.guessPageSize()
	}
	p.Metas = [2]Meta{p.meta(0), p.meta(p.PageSize)}
	return p
}

func (p *File) meta(at int64) Meta { return decodeMeta(p.Bytes(at, HeaderSize+MetaSize), at) }

// Count returns how many pages are there, the last one perhaps in part.
func (p *File) Count() uint64 { return uint64((p.Size + p.PageSize - 1) / p.PageSize) }

// Newest returns the meta page that bbolt uses. The error is an *Error.
func (p *File) Newest() (Meta, error) {
	m := p.Metas[0]
	if other := p.Metas[1]; other.Valid && (!m.Valid || other.Txid > m.Txid) {
		m = other
	}
	switch {
	case !m.Valid:
		return m, lost(0, "neither of its two meta pages is valid")
	case m.Pages > uint64(p.Size/p.PageSize):
		return m, lost(0, "the file ends before page %d, its last", m.Pages-1)
	}
	return m, nil
}

// Bytes returns n bytes from off on. What cannot be read is zeros.
func (p *File) Bytes(off, n int64) []byte {
	return wal.ReadAround(p.f, off, n)[:n]
}

// bytes returns n bytes from off on, valid until the next call.
func (p *File) bytes(off, n int64) ([]byte, error) {
	if p.lenient {
		return p.Bytes(off, n), nil
	}
	return p.window.read(off, int(n))
}

func (p *File) header(id, pages uint64) (g Page, bad *Error) {
	b, err := p.bytes(int64(id)*p.PageSize, HeaderSize)
	if err != nil {
		return g, unreadable(id, err)
	}
	g, named := decodeHeader(id, b)
	if !named || g.Follow >= pages-id || g.Kind != Freelist && int64(g.Follow) >= maxRun/p.PageSize {
		return g, lost(id, "page %d says that it is page %d, with %d to follow", id, le.Uint64(b), g.Follow)
	}
	return g, nil
}

func (p *File) content(g *Page) (bad *Error) {
	b, err := p.bytes(int64(g.ID)*p.PageSize, int64(g.Follow+1)*p.PageSize)
	if err != nil {
		return unreadable(g.ID, err)
	}
	if g.b = b; g.Kind != Freelist && !g.fits() {
		return lost(g.ID, "page %d says that it has %d elements", g.ID, g.Count)
	}
	return nil
}

func unreadable(id uint64, err error) *Error {
	return &Error{Page: id, Why: err.Error(), Lost: true, Err: err}
}

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
