package wal

// Payload is the content of one record: AppendTo appends it to dst.
type Payload interface {
	AppendTo(dst []byte) []byte
}

// Batch collects records for one Append. The zero Batch is empty and ready. It
// keeps its memory over Reset, so one Batch serves many appends.
type Batch struct {
	buf    []byte // the records, each with room for its header
	starts []int  // where each record begins in buf
}

const keepCapacity = 4 << 20

// Add appends a record. A payload above MaxRecordSize is ErrTooLarge and leaves
// the batch as it was.
func (b *Batch) Add(p Payload) error {
	start := len(b.buf)
	var room [recordHeaderSize]byte
	b.buf = append(p.AppendTo(append(b.buf, room[:]...)), endMark)
	if len(b.buf)-start-recordOverhead > MaxRecordSize {
		b.buf = b.buf[:start]
		return ErrTooLarge
	}
	b.starts = append(b.starts, start)
	return nil
}

// Len returns the number of records.
func (b *Batch) Len() int { return len(b.starts) }

// Size returns the number of bytes that the records take in the log.
func (b *Batch) Size() int { return len(b.buf) }

// Reset empties the batch.
func (b *Batch) Reset() {
	if cap(b.buf) > keepCapacity {
		b.buf = nil
	}
	b.buf = b.buf[:0]
	b.starts = b.starts[:0]
}

// stamp fills the header of each record, the first of which gets LSN first.
func (b *Batch) stamp(first, durable uint64) {
	for i, start := range b.starts {
		end := len(b.buf)
		if i+1 < len(b.starts) {
			end = b.starts[i+1]
		}
		putRecordHeader(b.buf[start:end], first+uint64(i), durable)
	}
}
