package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"owlcache/engine"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/ordered"
)

// Target is what entries are imported into.
type Target interface {
	// Put stores entries in order, as far as they are not there already, and waits
	// until that is durable. done is how many of them need not be put again: all, if
	// err is nil. Key and value of an entry are valid during the call.
	Put(ctx context.Context, entries []engine.Entry) (done int, stored Stored, err error)
}

// Stored says what became of entries.
type Stored struct {
	Written   int64
	Unchanged int64 // were there, equal
	Existing  int64 // were there, and were kept
	Bytes     int64 // of keys and values that were written
}

func (s *Stored) add(more Stored) {
	s.Written += more.Written
	s.Unchanged += more.Unchanged
	s.Existing += more.Existing
	s.Bytes += more.Bytes
}

// ImportOptions of an import. The zero value of each field is its default.
type ImportOptions struct {
	// Open returns where to put entries. It is called once, when the first entry is
	// there or the source has ended without one. Without it nothing is put anywhere.
	Open func(ctx context.Context) (Target, error)
	// Prefix leaves out all keys that do not begin with it.
	Prefix []byte
	// From is the number of the first line that is looked at; default 1.
	From int64
	// LeftOut, if set, is told of entries of a 0.5.1 node that no store can hold.
	LeftOut func(*LineError)
}

// ImportReport says what was read and what became of it.
type ImportReport struct {
	Unit     string // what a source is counted in: "line" or "entry"
	Last     int64  // number of the last line up to which all is done, whatever became of it
	Entries  int64  // read up to there
	Filtered int64  // of these, those without the prefix
	Expired  int64  // of these, those that are expired
	LeftOut  int64  // of these, those that no store can hold
	Stored
}

// RefusedError is returned by a Target that refuses an entry for what it is.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// importBatch is a part of an import.
type importBatch struct {
	lineBlock
	entries []engine.Entry
	numbers []int64 // of the lines of entries
	report  ImportReport
	bad     *LineError // what ends the import behind entries
}

// Import reads a source to its end, or to the first line that is wrong or cannot be
// read, a *LineError: what lies before that is put into the target. The report is true with an error, too.
// When Import returns, nobody uses the target any more.
func Import(ctx context.Context, from *Source, o ImportOptions) (ImportReport, error) {
	im := importer{source: from, opts: o, report: ImportReport{Unit: from.unit()}}
	produce, convert := im.readLines, im.decode
	if from.legacy {
		produce, convert = im.readLegacy, im.selectEntries
	}
	err := ordered.Run(ctx, parts(), produce, convert, func(b *importBatch) error { return im.finish(ctx, b) })
	if err == nil && o.From > im.report.Last+1 {
		err = &LineError{Line: o.From, Unit: from.unit(), Err: fmt.Errorf("there is none, the last one is %d", im.report.Last)}
	}
	if err == nil && !im.opened { // nothing to put
		err = im.open(ctx)
	}
	return im.report, err
}

type importer struct {
	source *Source
	opts   ImportOptions
	opened bool
	target Target // nil if nothing is to be put anywhere
	report ImportReport
}

func (im *importer) open(ctx context.Context) (err error) {
	if im.opened = true; im.opts.Open != nil {
		im.target, err = im.opts.Open(ctx)
	}
	return err
}

// readLines is the first step for lines.
func (im *importer) readLines(p *ordered.Line[importBatch]) error {
	in := newLineReader(im.source.r)
	for {
		s, err := p.Next()
		if err != nil {
			return err
		}
		b := &s.Work
		if err := in.read(&b.lineBlock); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return asLineError(err, in.last+1, unitLine)
		}
		if err := p.Send(s, decodedCopies*int64(cap(b.text))); err != nil {
			return err
		}
	}
}

// decodedCopies is how many times the text of lines is in memory when they are decoded.
const decodedCopies = 3

// asLineError tells where a source cannot be read on.
func asLineError(err error, n int64, unit string) error {
	if _, ok := errors.AsType[*LineError](err); ok {
		return err
	}
	return &LineError{Line: n, Unit: unit, Err: err}
}

// decode is the second step for lines.
func (im *importer) decode(b *importBatch) {
	now := time.Now().UnixMilli()
	n := b.first - 1
	for line := range bytes.Lines(b.text) {
		if n++; n < im.opts.From {
			continue
		}
		if line = bytes.Trim(line, " \t\r\n"); len(line) == 0 {
			continue
		}
		var e engine.Entry
		if err := decodeLine(line, &e); err != nil {
			b.bad = &LineError{Line: n, Unit: unitLine, Err: err}
			n--
			break
		}
		if im.wanted(b, &e, now) {
			b.entries, b.numbers = append(b.entries, e), append(b.numbers, n)
		}
	}
	b.report.Last = n
}

// wanted counts an entry and tells whether it is to be put.
func (im *importer) wanted(b *importBatch, e *engine.Entry, now int64) bool {
	b.report.Entries++
	switch {
	case !bytes.HasPrefix(e.Key, im.opts.Prefix):
		b.report.Filtered++
	case !e.Live(now):
		b.report.Expired++
	default:
		return true
	}
	return false
}

// finish is the last step.
func (im *importer) finish(ctx context.Context, b *importBatch) (err error) {
	if len(b.entries) > 0 {
		if err := im.put(ctx, b); err != nil {
			return err
		}
	}
	r := &im.report
	r.Last = b.report.Last
	r.Entries += b.report.Entries
	r.Filtered += b.report.Filtered
	r.Expired += b.report.Expired
	r.LeftOut += b.report.LeftOut
	if b.bad != nil {
		return b.bad
	}
	b.reset()
	return nil
}

// put puts the entries of a batch into the target, and says in the report how far
// that came if it is not the end of the batch.
func (im *importer) put(ctx context.Context, b *importBatch) error {
	if !im.opened {
		if err := im.open(ctx); err != nil {
			return err
		}
	}
	if im.target == nil {
		return nil
	}
	done, stored, err := im.target.Put(ctx, b.entries)
	im.report.add(stored)
	if err == nil {
		return nil
	}
	im.report.Entries += int64(done)
	im.report.Last = b.numbers[done] - 1
	if _, ok := errors.AsType[*RefusedError](err); ok {
		return &LineError{Line: b.numbers[done], Unit: im.report.Unit, Err: err}
	}
	return err
}

func (b *importBatch) reset() {
	b.text = reuse(b.text)
	clear(b.entries) // what they point to is not kept
	b.entries, b.numbers = b.entries[:0], b.numbers[:0]
	b.report, b.bad = ImportReport{}, nil
}

// readLegacy is the first step for a file of a 0.5.1 node.
func (im *importer) readLegacy(p *ordered.Line[importBatch]) error {
	var s *ordered.Part[importBatch]
	var last int64
	err := legacy.Each(im.source.r, func(n int64, e *engine.Entry) (err error) {
		last = n
		if n < im.opts.From {
			return nil
		}
		if s == nil {
			if s, err = p.Next(); err != nil {
				return err
			}
		}
		b := &s.Work
		b.report.Last = n
		if !im.fits(b, n, e) {
			return nil
		}
		e.Created = max(1, e.Created) // 0 would be now
		b.entries, b.numbers = append(b.entries, *e), append(b.numbers, n)
		if len(b.entries) < 4096 {
			return nil
		}
		full := s
		s = nil
		return p.Send(full, 0) // all of the file is in memory anyway
	})
	switch {
	case err != nil && last == 0: // nothing of it could be read
		return asLineError(err, 1, unitEntry)
	case err == nil && s != nil:
		return p.Send(s, 0)
	}
	return err
}

// fits tells whether a store can hold an entry, and counts and names it if not.
func (im *importer) fits(b *importBatch, n int64, e *engine.Entry) bool {
	err := fits(e)
	if err == nil {
		return true
	}
	b.report.Entries++
	b.report.LeftOut++
	if im.opts.LeftOut != nil {
		im.opts.LeftOut(&LineError{Line: n, Unit: unitEntry, Err: err})
	}
	return false
}

// fits tells why a store cannot hold an entry; nil if it can.
func fits(e *engine.Entry) error {
	switch {
	case len(e.Key) == 0:
		return engine.ErrKeyEmpty
	case len(e.Key) > engine.MaxKeySize:
		return fmt.Errorf("%w: %d bytes, at most %d", engine.ErrKeyTooLarge, len(e.Key), engine.MaxKeySize)
	case len(e.Value) > engine.MaxValueSize:
		return fmt.Errorf("%w: %d bytes, at most %d", engine.ErrValueTooLarge, len(e.Value), engine.MaxValueSize)
	case e.Expires > maxExpires:
		return errors.New("the expiry lies too far ahead")
	}
	return nil
}

// selectEntries is the second step for a file of a 0.5.1 node.
func (im *importer) selectEntries(b *importBatch) {
	now := time.Now().UnixMilli()
	n := 0
	for i := range b.entries {
		if im.wanted(b, &b.entries[i], now) {
			b.entries[n], b.numbers[n] = b.entries[i], b.numbers[i]
			n++
		}
	}
	clear(b.entries[n:])
	b.entries, b.numbers = b.entries[:n], b.numbers[:n]
}
