package memory

import (
	"encoding/binary"

	"owlcache/engine/internal/format"
)

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
