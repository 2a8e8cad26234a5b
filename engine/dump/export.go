package dump

import (
	"context"
	"io"
	"runtime"
	"time"

	"owlcache/engine"
	"owlcache/engine/internal/ordered"
)

// Walker is what entries are exported from, such as an view.View.
type Walker interface {
	// Entries calls visit with each entry behind the key after, in the order of the
	// bytes of the keys. What e points to is valid during the call.
	Entries(ctx context.Context, after []byte, visit func(e *engine.Entry) error) error
}

// ExportOptions of an export. The zero value of each field is its default.
type ExportOptions struct {
	// After leaves out all keys up to this one; nil = none.
	After []byte
	// At is the time at which an entry has to be live; default now.
	At time.Time
}

// ExportReport says what was written.
type ExportReport struct {
	Entries  int64
	Expired  int64 // left out
	Deleted  int64 // tombstones, left out
	Bytes    int64 // of keys and values
	OutBytes int64
}

// batchBytes is how many bytes of keys and values one part of an export has, exceeded
// by at most one entry.
const batchBytes = 256 << 10

// expansion is how many bytes of text a byte of a value becomes at most.
const expansion = len(`\u0000`)

// exportBatch is a part of an export.
type exportBatch struct {
	items []exportItem
	bytes []byte // keys and values, one behind the other
	text  []byte // the lines
}

type exportItem struct {
	key, value       int // lengths
	created, expires int64
}

// Export writes the live entries of from to w, in several calls of Write with whole lines. The error is
// that of the walk, of w, or of ctx; what the report counts was given to w.
func Export(ctx context.Context, from Walker, w io.Writer, o ExportOptions) (report ExportReport, err error) {
	if o.At.IsZero() {
		o.At = time.Now()
	}
	at := o.At.UnixMilli()
	err = ordered.Run(ctx, parts(),
		func(p *ordered.Line[exportBatch]) error {
			x := exporter{p: p, at: at, report: &report}
			return x.end(from.Entries(p.Context(), o.After, x.visit))
		},
		(*exportBatch).convert,
		func(b *exportBatch) error {
			n, err := w.Write(b.text)
			report.OutBytes += int64(n)
			if err != nil {
				return err
			}
			report.Entries += int64(len(b.items))
			report.Bytes += int64(len(b.bytes))
			b.reset()
			return nil
		})
	return report, err
}

// exporter collects entries into batches.
type exporter struct {
	p      *ordered.Line[exportBatch]
	at     int64
	report *ExportReport // the counts of what is left out
	slot   *ordered.Part[exportBatch]
}

func (x *exporter) visit(e *engine.Entry) (err error) {
	switch {
	case e.Tombstone:
		x.report.Deleted++
		return nil
	case !e.Live(x.at):
		x.report.Expired++
		return nil
	}
	if x.slot == nil {
		if x.slot, err = x.p.Next(); err != nil {
			return err
		}
	}
	b := &x.slot.Work
	b.items = append(b.items, exportItem{key: len(e.Key), value: len(e.Value), created: e.Created, expires: e.Expires})
	b.bytes = append(b.bytes, e.Key...)
	b.bytes = append(b.bytes, e.Value...)
	if len(b.bytes) >= batchBytes {
		return x.send()
	}
	return nil
}

func (x *exporter) send() error {
	s := x.slot
	x.slot = nil
	return x.p.Send(s, int64(len(s.Work.bytes)*(1+expansion)))
}

// end sends what is left, also after an error of the walk: it is good.
func (x *exporter) end(err error) error {
	if x.slot == nil || x.p.Context().Err() != nil {
		return err
	}
	if sent := x.send(); err == nil {
		return sent
	}
	return err
}

func (b *exportBatch) convert() {
	rest := b.bytes
	for i := range b.items {
		it := &b.items[i]
		e := engine.Entry{Key: rest[:it.key], Value: rest[it.key : it.key+it.value], Created: it.created, Expires: it.expires}
		rest = rest[it.key+it.value:]
		b.text = appendLine(b.text, &e)
	}
}

func (b *exportBatch) reset() {
	b.items = b.items[:0]
	b.bytes, b.text = reuse(b.bytes), reuse(b.text)
}

// parts is how many parts of an export or import there are at a time.
func parts() int { return 4 * runtime.GOMAXPROCS(0) }

// maxKept is the size in bytes above which a buffer is not used again.
const maxKept = 4 << 20

// reuse empties a buffer, or drops it if it is large.
func reuse(b []byte) []byte {
	if cap(b) > maxKept {
		return nil
	}
	return b[:0]
}
