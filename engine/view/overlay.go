package view

import (
	"bufio"
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"

	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
)

// overlay is a part of the log, sorted by key, that is laid over a snapshot. It is kept in
// runs of bounded size, all but the last in a file that has no name any more.
type overlay struct {
	budget  int64
	tempDir string

	part  fold.Part // the run that is being filled
	spill *os.File
	ends  []int64 // of the runs in spill
}

// Sizes of buffers, in bytes: for writing a run, and for reading all of them, of which
// each has at least the last.
const (
	spillBuffer    = 64 << 10
	readBuffers    = 16 << 20
	leastRunBuffer = 4 << 10
)

func (o *overlay) add(r *format.Record) error {
	o.part.Add(r)
	if o.part.Size() < o.budget {
		return nil
	}
	return o.flush()
}

// flush sorts the run in memory and writes it to the file.
func (o *overlay) flush() (err error) {
	if o.spill == nil {
		if o.spill, err = os.CreateTemp(o.tempDir, "owlcache-view-*"); err != nil {
			return fmt.Errorf("the log does not fit into memory: make a temporary file: %w", err)
		}
		// Nobody else needs its name; it goes when it is closed.
		if err := os.Remove(o.spill.Name()); err != nil {
			return err
		}
	}
	o.part.Sort()
	w := bufio.NewWriterSize(o.spill, spillBuffer)
	size := int64(0)
	var buf []byte
	for i := range o.part.Len() {
		r := o.part.Record(i)
		buf = r.AppendTo(buf[:0])
		size += int64(len(buf))
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("temporary file: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	start := int64(0)
	if len(o.ends) > 0 {
		start = o.ends[len(o.ends)-1]
	}
	o.ends = append(o.ends, start+size)
	o.part.Reset()
	return nil
}

func (o *overlay) close() error {
	if o.spill == nil {
		return nil
	}
	return o.spill.Close()
}

// fileRun returns the records of a run in the file, one by one; io.EOF is the end.
func fileRun(r *bufio.Reader) func() (format.Record, error) {
	return func() (rec format.Record, err error) {
		header, err := r.Peek(format.RecordHeader)
		if errors.Is(err, io.EOF) && len(header) > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return rec, err
		}
		b := make([]byte, format.RecordSize(header)) // of its own: the entry outlives the next call
		if _, err := io.ReadFull(r, b); err != nil {
			return rec, err
		}
		rec, _, err = format.ParseRecord(b)
		return rec, err
	}
}

// overlayCursor walks an overlay in the order of the keys. It is a heap of runs.
type overlayCursor struct{ heads []head }

// head is the next record of a run. order says which run comes first in the log.
type head struct {
	format.Record
	next  func() (format.Record, error)
	order int
}

// cursor returns a walk from the key from on. The overlay is not added to any more.
func (o *overlay) cursor(from []byte) (*overlayCursor, error) {
	o.part.Sort()
	c := &overlayCursor{}
	start := int64(0)
	for _, end := range o.ends {
		section := io.NewSectionReader(o.spill, start, end-start)
		size := min(spillBuffer, max(leastRunBuffer, readBuffers/len(o.ends)))
		if err := c.begin(fileRun(bufio.NewReaderSize(section, size)), from); err != nil {
			return nil, err
		}
		start = end
	}
	i := 0
	return c, c.begin(func() (r format.Record, err error) {
		if i == o.part.Len() {
			return r, io.EOF
		}
		i++
		return o.part.Record(i - 1), nil
	}, from)
}

// begin adds a run, which the log has behind those before, from the key from on.
func (c *overlayCursor) begin(next func() (format.Record, error), from []byte) error {
	h := head{next: next, order: len(c.heads)}
	more, err := h.advance()
	for more && bytes.Compare(h.Key, from) < 0 {
		more, err = h.advance()
	}
	if more {
		heap.Push(c, h)
	}
	return err
}

func (h *head) advance() (more bool, err error) {
	h.Record, err = h.next()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("temporary file: %w", err)
	}
	return true, nil
}

// key returns the next key, nil at the end.
func (c *overlayCursor) key() []byte {
	if len(c.heads) == 0 {
		return nil
	}
	return c.heads[0].Key
}

// apply does to the entry e, if there is one, what the log says of the next key, and
// moves behind it. What is then there, if anything, goes to visit.
func (c *overlayCursor) apply(e *format.Entry, visit func(e *format.Entry) error) error {
	o := fold.Outcome{Key: c.key()}
	for bytes.Equal(c.key(), o.Key) {
		o.Take(c.heads[0].Record)
		if err := c.step(); err != nil {
			return err
		}
	}
	if now := o.Apply(e); now != nil {
		return visit(now)
	}
	return nil
}

// step moves the first run on.
func (c *overlayCursor) step() error {
	more, err := c.heads[0].advance()
	switch {
	case err != nil:
		return err
	case more:
		heap.Fix(c, 0)
	default:
		heap.Pop(c)
	}
	return nil
}

// Len, Less, Swap, Push and Pop make the cursor a heap.Interface.
func (c *overlayCursor) Len() int { return len(c.heads) }

func (c *overlayCursor) Less(i, j int) bool {
	if n := bytes.Compare(c.heads[i].Key, c.heads[j].Key); n != 0 {
		return n < 0
	}
	return c.heads[i].order < c.heads[j].order
}

func (c *overlayCursor) Swap(i, j int) { c.heads[i], c.heads[j] = c.heads[j], c.heads[i] }

// Push adds a head.
func (c *overlayCursor) Push(x any) { c.heads = append(c.heads, x.(head)) }

// Pop removes the last one.
func (c *overlayCursor) Pop() any {
	h := c.heads[len(c.heads)-1]
	c.heads = c.heads[:len(c.heads)-1]
	return h
}
