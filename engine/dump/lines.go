package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"owlcache/engine"
)

const (
	// blockBytes is how many bytes are read at once.
	blockBytes = 1 << 20
	// maxLine is the length of the longest line: that of the largest entry with each
	// byte as an escape, and some white space.
	maxLine = expansion*(engine.MaxKeySize+engine.MaxValueSize) + 64<<10
)

// LineError says what is wrong with which line of a file. It does not show the line.
type LineError struct {
	Line int64  // from 1 on; in a file of a 0.5.1 node that of the entry
	Unit string // "line" or "entry"
	Err  error
}

const (
	unitLine  = "line"
	unitEntry = "entry"
)

func (e *LineError) Error() string { return fmt.Sprintf("%s %d: %v", e.Unit, e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// lineBlock is a sequence of lines. Only the last one of a file may lack its line end.
type lineBlock struct {
	text  []byte
	first int64 // number of the first line
	lines int64
}

// lineReader cuts what it reads into blocks of whole lines.
type lineReader struct {
	r    io.Reader
	rest []byte // what was read behind the last block
	last int64  // number of the last line that was handed out
	err  error  // of r
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: r} }

// read fills b, whose buffer is used again. It returns io.EOF behind the last line.
func (in *lineReader) read(b *lineBlock) error {
	b.first, b.lines = in.last+1, 0
	b.text = append(reuse(b.text), in.rest...)
	in.rest = in.rest[:0]
	end := bytes.LastIndexByte(b.text, '\n') // of the last whole line
	for in.err == nil && (end < 0 || len(b.text) < blockBytes) {
		if end < 0 && len(b.text) > maxLine {
			return &LineError{Line: b.first, Unit: unitLine, Err: errors.New("it is longer than any entry")}
		}
		from := len(b.text)
		in.fill(b)
		if i := bytes.LastIndexByte(b.text[from:], '\n'); i >= 0 {
			end = from + i
		}
	}
	if end < 0 {
		return in.lastLine(b)
	}
	in.rest = append(in.rest, b.text[end+1:]...)
	b.text = b.text[:end+1]
	b.lines = int64(bytes.Count(b.text, []byte{'\n'}))
	in.last += b.lines
	return nil
}

// fill reads once, into more room if there is little.
func (in *lineReader) fill(b *lineBlock) {
	room := cap(b.text) - len(b.text)
	if room < blockBytes/4 {
		more := make([]byte, len(b.text), roomFor(cap(b.text)))
		copy(more, b.text)
		b.text, room = more, cap(more)-len(more)
	}
	n, err := in.r.Read(b.text[len(b.text) : len(b.text)+min(room, blockBytes)])
	b.text, in.err = b.text[:len(b.text)+n], err
}

// roomFor returns how large a buffer is to be after one of some bytes.
func roomFor(now int) int {
	const most = maxLine + 2*blockBytes
	if 4*now > most { // no more half-way sizes, which would all have to be collected
		return most
	}
	return max(blockBytes+blockBytes/4, 2*now)
}

// lastLine ends with what lies behind the last line end.
func (in *lineReader) lastLine(b *lineBlock) error {
	if !errors.Is(in.err, io.EOF) {
		return in.err
	}
	if len(b.text) == 0 {
		return io.EOF
	}
	b.lines = 1
	in.last++
	return nil
}
