package dump

import (
	"errors"
	"fmt"
	"time"

	"owlcache/engine"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/ordered"
)

// legacyBatch is how many entries of a 0.5.1 node one part of an import has.
const legacyBatch = 4096

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
		if len(b.entries) < legacyBatch {
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
