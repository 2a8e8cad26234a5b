// Package wal is a segmented, append-only log of opaque records.
//
// # Life cycle
//
//	log, rec, err := wal.Open(opts, from, replay) // recover: every record behind LSN from goes to replay
//	first, err := log.Append(&batch)              // one write, one fdatasync, many records
//	err = log.Seal()                              // no more records into the current segment
//	err = log.DeleteThrough(lsn)                  // sealed segments that are no longer needed
//	err = log.Close()                             // sync, seal
//
// A Reader walks a log without opening it for writing, also while a process
// appends to it.
//
// # Format
//
// The directory holds segments named by a sequence number of 16 decimal digits,
// 0000000000000001.wal and so on, without gaps from the oldest that is needed.
// All numbers are little-endian, all checksums CRC32C (Castagnoli).
//
//	segment = header record*
//
//	header, 32 bytes                        record, 25 bytes and the payload
//	 0  8  magic "OWLWAL\r\n"                0  4  checksum of everything behind it
//	 8  4  format version, 1                 4  4  length n of the payload
//	12  4  checksum of 0..11 and 16..31      8  8  LSN
//	16  8  LSN of the first record          16  8  greatest LSN that was durable when
//	24  8  creation time, Unix ns                  this record was written
//	                                        24  n  payload
//	                                      24+n  1  end mark E5: no zero, so that an
//	                                               end that was not written shows
//
// An LSN numbers the records of a log from 1, without gaps. A segment is made with
// its header, which tells the next LSN even when nothing else is left of the log.
// Behind the last record of the current segment there may be zeros (preallocated
// room); a sealed segment ends with its last record. A segment is sealed if and only
// if a segment with a greater number exists; Close therefore leaves an empty one
// behind.
//
// # What we assume of the disk
//
//  1. A sector of 512 bytes is written wholly or not at all.
//  2. What a successful fsync covered survives. What was not covered survives
//     wholly, in part or not at all, in any order, file by file and sector by
//     sector; a lost sector behind the old end of a file reads as zeros or is
//     missing.
//  3. A created, renamed or removed name is certain only after an fsync of the
//     directory.
//  4. After a failed fsync nothing is known of what it should have covered, and a
//     second fsync that succeeds proves nothing. So we never retry one.
//
// # What a crash can leave, and what Open does
//
//  1. The last segment ends with a whole record, or zeros follow: nothing to do.
//  2. A batch that was not yet synced is there in part: its torn rest is copied to
//     SEGMENT.broken and cut off. Nobody was told that it was written.
//  3. The last segment exists but its header is not there yet: it is used for what
//     comes next.
//  4. Segments that should have been deleted came back: they lie before the LSN that
//     the caller asks for, and are deleted again.
//  5. A .tmp file: it is removed.
//
// Anything else is damage that no crash explains, and Open refuses with a
// *CorruptError that says where: a bad record in a sealed segment, a missing
// segment, a log that ends before the LSN that it must reach, or in the last segment
// what classify takes for damage.
//
// # Promises and locks
//
// With SyncAlways, Append returns nil only when the batch is durable. A failed
// write or sync ends the log: the error is kept, every later call returns it, and
// only a new Open goes on. A full disk is the exception: Append returns
// ErrNoSpace, has cut off what it wrote, and works again when there is room.
//
// A Log is safe for concurrent use. It has one mutex; with SyncEverySecond one
// goroutine, which Close stops and waits for.
package wal
