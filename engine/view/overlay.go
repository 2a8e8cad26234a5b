package view

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
)

// overlay is a part of the log, sorted by key, that is laid over a snapshot: what a
// checkpoint would write. It is kept in runs of bounded size. All but the last are in
// a file that has no name any more, so that the memory that is needed does not depend
// on the length of the log.
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
	for i := 0; i < o.part.Len(); {
		var out fold.Outcome
		out, i = o.part.Next(i)
		buf = appendOutcome(buf[:0], &out)
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

// appendOutcome renders an outcome: 1 byte whether there is a record, 16 bytes of version
// to forget, and the record or, if there is none, one with the key.
func appendOutcome(b []byte, o *fold.Outcome) []byte {
	rec, there := o.Record, byte(1)
	if !o.There {
		rec, there = format.Record{Kind: format.RecordDelete, Entry: format.Entry{Key: o.Key}}, 0
	}
	b = append(b, there)
	b = binary.LittleEndian.AppendUint64(b, o.Forget.Time)
	b = binary.LittleEndian.AppendUint64(b, o.Forget.Node)
	return rec.AppendTo(b)
}

const outcomeFixed = 1 + 16 + format.RecordHeader

// run is a sorted part of an overlay.
type run interface {
	// next returns what the operations on the next key come to, valid until the
	// next call; io.EOF is the end.
	next() (fold.Outcome, error)
}

// memoryRun is the run that is still in memory.
type memoryRun struct {
	part *fold.Part
	i    int
}

func (r *memoryRun) next() (o fold.Outcome, err error) {
	if r.i >= r.part.Len() {
		return o, io.EOF
	}
	o, r.i = r.part.Next(r.i)
	return o, nil
}

// fileRun is a run in the file.
type fileRun struct {
	r   *bufio.Reader
	buf []byte
}

func (r *fileRun) next() (o fold.Outcome, err error) {
	if cap(r.buf) < outcomeFixed {
		r.buf = make([]byte, 4<<10)
	}
	r.buf = r.buf[:outcomeFixed]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		return o, err
	}
	rest := int(binary.LittleEndian.Uint16(r.buf[17+2:])) + int(binary.LittleEndian.Uint32(r.buf[17+4:]))
	if cap(r.buf) < outcomeFixed+rest {
		r.buf = append(make([]byte, 0, outcomeFixed+rest), r.buf...)
	}
	r.buf = r.buf[:outcomeFixed+rest]
	if _, err := io.ReadFull(r.r, r.buf[outcomeFixed:]); err != nil {
		return o, err
	}
	o.There = r.buf[0] == 1
	o.Forget = format.Version{Time: binary.LittleEndian.Uint64(r.buf[1:]), Node: binary.LittleEndian.Uint64(r.buf[9:])}
	o.Record, _, err = format.ParseRecord(r.buf[17:])
	o.Key = o.Record.Key
	return o, err
}

// overlayCursor walks an overlay in the order of keys.
type overlayCursor struct {
	heads  []head
	buffer []byte // holds the key that is being applied
}

// head is the next outcome of a run. order says which run comes first in the log.
type head struct {
	fold.Outcome
	run   run
	order int
}

// cursor returns a walk from the key from on. The overlay is not added to any more.
func (o *overlay) cursor(from []byte) (*overlayCursor, error) {
	o.part.Sort()
	runs := make([]run, 0, len(o.ends)+1)
	start := int64(0)
	for _, end := range o.ends {
		section := io.NewSectionReader(o.spill, start, end-start)
		size := min(spillBuffer, max(leastRunBuffer, readBuffers/len(o.ends)))
		runs = append(runs, &fileRun{r: bufio.NewReaderSize(section, size)})
		start = end
	}
	runs = append(runs, &memoryRun{part: &o.part})
	c := &overlayCursor{}
	for i, r := range runs {
		h := head{run: r, order: i}
		more, err := h.advance()
		for more && err == nil && bytes.Compare(h.Key, from) < 0 {
			more, err = h.advance()
		}
		if err != nil {
			return nil, err
		}
		if more {
			c.heads = append(c.heads, h)
		}
	}
	heap.Init(c)
	return c, nil
}

func (h *head) advance() (more bool, err error) {
	h.Outcome, err = h.run.next()
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
// moves behind it. It returns what is then there, nil for nothing. The entry goes to
// visit at once, since what it points to is valid until the cursor moves.
func (c *overlayCursor) apply(e *format.Entry, visit func(e *format.Entry) error) error {
	c.buffer = append(c.buffer[:0], c.heads[0].Key...)
	key := c.buffer
	now, n := e, 0
	for len(c.heads) > 0 && bytes.Equal(c.heads[0].Key, key) {
		now = c.heads[0].Apply(now)
		if n++; n == 1 && !c.shared(key) {
			// The usual case: one run has the key, and nothing needs to be copied.
			if now != nil {
				if err := visit(now); err != nil {
					return err
				}
			}
			return c.step()
		}
		if now != nil { // the step drops what it points to
			kept := *now
			kept.Key, kept.Value = key, bytes.Clone(now.Value)
			now = &kept
		}
		if err := c.step(); err != nil {
			return err
		}
	}
	if now == nil {
		return nil
	}
	return visit(now)
}

// shared tells whether more than one run has the key.
func (c *overlayCursor) shared(key []byte) bool {
	for i := 1; i < min(3, len(c.heads)); i++ { // the next smallest is a child of the root
		if bytes.Equal(c.heads[i].Key, key) {
			return true
		}
	}
	return false
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
