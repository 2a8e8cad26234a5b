package memory

import (
	"encoding/binary"

	"owlcache/engine/internal/format"
)

// arena keeps entries in chunks of bytes. They are added at the end of the active chunk.
type arena struct {
	chunks []chunk // chunk 0 is not used
	unused []uint32
	active uint32
	size   int64 // bytes of all chunks
	dead   int64 // bytes of garbage in them
}

type chunk struct {
	buf   []byte // what is filled; its capacity is the chunk
	dead  int
	alone bool // holds one large entry
}

// LargeSize is above how many bytes an entry has a chunk of its own.
const LargeSize = maxChunk / 4

const (
	minChunk = 4 << 10
	maxChunk = 1 << offsetBits

	// An arena is left alone while its garbage is below this many bytes, and below
	// this part of it.
	minGarbage  = 64 << 10
	garbagePart = 5
)

func (a *arena) bytes(at ref) []byte {
	return a.chunks[at>>offsetBits].buf[at&(maxChunk-1):]
}

func (a *arena) isAlone(at ref) bool { return a.chunks[at>>offsetBits].alone }

func (a *arena) add(e *format.Entry) ref {
	n := entryFixed + len(e.Key) + len(e.Value)
	id := a.active
	if n > LargeSize {
		id = a.newChunk(n)
		a.chunks[id].alone = true
	} else if id == 0 || cap(a.chunks[id].buf)-len(a.chunks[id].buf) < n {
		// A small part of what is there, so that little lies idle.
		id = a.newChunk(max(n, int(min(maxChunk, max(minChunk, a.size/16)))))
		a.active = id
	}
	c := &a.chunks[id]
	off := len(c.buf)
	c.buf = c.buf[:off+n]
	encodeEntry(c.buf[off:], e)
	return ref(id)<<offsetBits | ref(off)
}

func (a *arena) newChunk(size int) uint32 {
	c := chunk{buf: make([]byte, 0, size)}
	a.size += int64(size)
	if n := len(a.unused); n > 0 {
		id := a.unused[n-1]
		a.unused = a.unused[:n-1]
		a.chunks[id] = c
		return id
	}
	if len(a.chunks) == 0 {
		a.chunks = append(a.chunks, chunk{})
	}
	a.chunks = append(a.chunks, c)
	return uint32(len(a.chunks) - 1)
}

func (a *arena) kill(at ref) {
	id := uint32(at >> offsetBits)
	b := a.bytes(at)
	le.PutUint16(b[offKeyLen:], le.Uint16(b[offKeyLen:])|flagDead)
	n := entryLen(b)
	c := &a.chunks[id]
	c.dead += n
	a.dead += int64(n)
	if c.dead == len(c.buf) && id != a.active {
		a.free(id)
	}
}

func (a *arena) free(id uint32) {
	c := a.chunks[id]
	a.size -= int64(cap(c.buf))
	a.dead -= int64(c.dead)
	a.chunks[id] = chunk{}
	a.unused = append(a.unused, id)
}

// victim returns the chunk with the most garbage, if there is too much in all.
func (a *arena) victim() (uint32, bool) {
	if a.dead < minGarbage || a.dead*garbagePart < a.size {
		return 0, false
	}
	best := 0
	for id := range a.chunks {
		if a.chunks[id].dead > a.chunks[best].dead {
			best = id
		}
	}
	return uint32(best), true
}

// each calls f with the entries of a chunk that are no garbage.
func (a *arena) each(id uint32, f func(at ref, e *format.Entry)) {
	buf := a.chunks[id].buf
	for off := 0; off < len(buf); {
		b := buf[off:]
		if le.Uint16(b[offKeyLen:])&flagDead == 0 {
			e := decodeEntry(b)
			f(ref(id)<<offsetBits|ref(off), &e)
		}
		off += entryLen(b)
	}
}

var le = binary.LittleEndian

// An entry in an arena:
//
//	 0  8  version time           24  6  expires, Unix ms
//	 8  8  version node           30  4  length v of the value
//	16  8  created, Unix ns       34  2  length k of the key (14 bits) and flags
//	                              36  k  key, then v bytes of value
const (
	offTime    = 0
	offNode    = 8
	offCreated = 16
	offExpires = 24
	offValLen  = 30
	offKeyLen  = 34
	entryFixed = 36

	keyLenMask  = 1<<14 - 1
	flagDead    = 1 << 14 // the entry has been replaced or removed
	flagDeleted = 1 << 15 // tombstone
)

func keyLen(b []byte) int { return int(le.Uint16(b[offKeyLen:])) & keyLenMask }

func valueLen(b []byte) int { return int(le.Uint32(b[offValLen:])) }

func entryLen(b []byte) int { return entryFixed + keyLen(b) + valueLen(b) }

func keyIn(b []byte) []byte { return b[entryFixed : entryFixed+keyLen(b)] }

func decodeEntry(b []byte) format.Entry {
	k := entryFixed + keyLen(b)
	return format.Entry{
		Key:       b[entryFixed:k],
		Value:     b[k : k+valueLen(b)],
		Version:   format.Version{Time: le.Uint64(b[offTime:]), Node: le.Uint64(b[offNode:])},
		Created:   int64(le.Uint64(b[offCreated:])),
		Expires:   int64(le.Uint64(b[offExpires:]) & format.MaxExpires),
		Tombstone: le.Uint16(b[offKeyLen:])&flagDeleted != 0,
	}
}

// encodeHead writes all of e but the key and the value.
func encodeHead(b []byte, e *format.Entry) {
	le.PutUint64(b[offTime:], e.Version.Time)
	le.PutUint64(b[offNode:], e.Version.Node)
	le.PutUint64(b[offCreated:], uint64(e.Created))
	le.PutUint64(b[offExpires:], uint64(e.Expires)) // its upper two bytes are written over:
	le.PutUint32(b[offValLen:], uint32(len(e.Value)))
	length := uint16(len(e.Key))
	if e.Tombstone {
		length |= flagDeleted
	}
	le.PutUint16(b[offKeyLen:], length)
}

func encodeEntry(b []byte, e *format.Entry) {
	encodeHead(b, e)
	copy(b[entryFixed:], e.Key)
	copy(b[entryFixed+len(e.Key):], e.Value)
}
