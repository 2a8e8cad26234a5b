// Package format has what is stored and what nodes agree on: versions, entries, the
// codecs of log records and of the values in the snapshot, and the digest. It does no
// input or output, and keeps no state.
//
//	payload := record.AppendTo(nil)                  // a log record is one or more of these
//	err := format.EachRecord(payload, func(r *format.Record) error { ... })
//
//	v := format.EncodeValue(&entry)                  // in the bucket kv, under the key
//	entry, err := format.DecodeValue(key, v)         // verifies the checksum
//
//	err = meta.EachField(bucket.Put)                 // the bucket meta
//	meta, err := format.ParseMeta(bucket.Get)
//
// All bytes are little-endian. The layouts stand above the code that writes them. They
// never change; what is new gets a new format number.
//
// A decoder checks every length before it uses it, and what it returns are parts of what
// it was given. Damage is a *CorruptError once the name of the file is known; data of a
// newer program is ErrNewerFormat.
package format

import "encoding/binary"

// le is the byte order of everything that is stored.
var le = binary.LittleEndian
