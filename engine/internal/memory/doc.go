// Package memory is the table of all entries in memory, from which reads are answered.
//
//	table := memory.New()
//	table.Apply(&record)                      // the only way in
//	value, meta, ok := table.Get(dst, key, limit)
//	entry, size, ok := table.Peek(key)        // without its key and value
//	table.Range(ranges, f); table.Find(keyHashes, f); table.Each(f)
//
// Keys are spread over Shards shards by the upper bits of their KeyHash, so that a shard has
// whole buckets of the digest, which it keeps up to date with each change. A shard has an
// index, a hash table of numbers, and an arena, chunks of bytes in which entries lie one
// behind the other. Neither has a pointer per entry: the garbage collector has nothing to
// walk. What is replaced is garbage in its chunk, and a chunk with much of it is evacuated.
//
// Each shard has one lock, held for one operation, or for a look at its entries. A method
// that needs it held is called ...Locked. The value of a large entry, which has a chunk of
// its own, is copied without the lock: it is never written again.
package memory
