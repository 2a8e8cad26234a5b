package urlcache

import (
	"encoding/binary"
	"errors"
	"time"

	"owlcache/engine"
)

// What is known of a stored body besides its bytes is in entries of its own, stored in the
// same commit:
//
//	"\x00urlcache\x00t" key   content type
//	"\x00urlcache\x00s" key   copy for when the origin fails; only with stale_on_error
//
// A content type counts while it has the time of creation of the key's value: a value that
// was set by a client has none. Both are written like this, numbers little-endian:
//
//	 0        1        2                 2+n               10+n
//	┌────────┬────────┬──────────────────┬─────────────────┬─ ─ ─
//	│ format │ n      │ content type,    │ key's expiry,   │ body
//	│ 1      │        │ n bytes          │ Unix ms         │
//	└────────┴────────┴──────────────────┴─────────────────┴─ ─ ─
//	         ◄─ all there is of a type ─►
const (
	copyPrefix = "\x00urlcache\x00"
	typeMark   = 't'
	staleMark  = 's'
	copyFormat = 1

	// maxStoredKey is the size of a key in bytes above which its body is not stored.
	maxStoredKey = engine.MaxKeySize - len(copyPrefix) - 1
)

// errCopy is returned for an entry that is no copy of this format.
var errCopy = errors.New("no entry of the URL cache, or of another format")

func copyKey(mark byte, key []byte) []byte {
	return append(append([]byte(copyPrefix), mark), key...)
}

// appendType appends the entry for a content type of at most maxTypeSize bytes.
func appendType(dst []byte, contentType string) []byte {
	return append(append(dst, copyFormat, byte(len(contentType))), contentType...)
}

// parseType reads an entry as far as the content type; rest is what is behind it.
func parseType(b []byte) (contentType, rest []byte, err error) {
	if len(b) < 2 || b[0] != copyFormat || len(b) < 2+int(b[1]) {
		return nil, nil, errCopy
	}
	end := 2 + int(b[1])
	return b[2:end], b[end:], nil
}

func appendStale(dst []byte, contentType string, expires int64, body []byte) []byte {
	dst = appendType(dst, contentType)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(expires))
	return append(dst, body...)
}

// parseStale reads a copy; body points into b.
func parseStale(b []byte) (contentType string, expires int64, body []byte, err error) {
	t, rest, err := parseType(b)
	if err != nil || len(rest) < 8 {
		return "", 0, nil, errCopy
	}
	return string(t), int64(binary.LittleEndian.Uint64(rest)), rest[8:], nil
}

// ContentType returns the content type of the value of key that was created at that time,
// "" if it came from no origin or its origin named none.
func (c *Cache) ContentType(store Store, key []byte, created int64) string {
	c.counts.hits.Add(1)
	if len(key) > maxStoredKey {
		return ""
	}
	entry, meta, ok := store.Get(nil, copyKey(typeMark, key))
	if !ok || meta.Created != created {
		return ""
	}
	t, _, err := parseType(entry)
	if err != nil {
		return ""
	}
	return string(t)
}

// keep stores what was fetched and returns the time of its creation, 0 if it was not stored: then
// the store takes no writes, or somebody has set the key meanwhile, which wins.
func (c *Cache) keep(f *flight, contentType string, body []byte) (created int64) {
	s := f.client
	if len(f.key) > maxStoredKey || len(body) > s.MaxStored || !c.wanted(f) {
		return 0
	}
	now := c.opts.now()
	created, expires := now.UnixNano(), int64(0)
	if s.KeyExpire > 0 {
		expires = now.Add(s.KeyExpire).UnixMilli()
	}
	ops := []engine.Op{
		{Kind: engine.Set, If: engine.IfAbsent, Key: f.key, Value: body, Expires: expires, Created: created},
		{Kind: engine.Set, Key: copyKey(typeMark, f.key), Value: appendType(nil, contentType), Expires: expires, Created: created},
	}
	if copied := appendStale(nil, contentType, expires, nil); s.StaleOnError > 0 && len(copied)+len(body) <= c.opts.MaxValueSize {
		ops = append(ops, engine.Op{
			Kind: engine.Set, Key: copyKey(staleMark, f.key), Value: append(copied, body...),
			Expires: now.Add(s.KeyExpire + s.StaleOnError).UnixMilli(), Created: created,
		})
	}
	if err := f.store.Commit(ops); err != nil || ops[0].Err != nil {
		return 0
	}
	c.counts.stored.Add(1)
	return created
}

// stale returns the copy of a key that has expired, if there is one that may be answered.
func (c *Cache) stale(f *flight) (a *Answer, taken int64, ok bool) {
	s := f.client
	if s.StaleOnError == 0 || len(f.key) > maxStoredKey {
		return nil, 0, false
	}
	key := copyKey(staleMark, f.key)
	meta, ok := f.store.Stat(key)
	if !ok {
		return nil, 0, false
	}
	if meta.Size > keepBuffer {
		if taken = int64(meta.Size); !c.memory.TryAcquire(taken) {
			return nil, 0, false
		}
	}
	entry, meta, ok := f.store.Get(make([]byte, 0, meta.Size), key)
	contentType, expires, body, err := parseStale(entry)
	now := c.opts.now()
	// A key that is gone before it would have expired was deleted, and is not to come back.
	if !ok || err != nil || now.UnixMilli() < expires || now.After(time.UnixMilli(expires).Add(s.StaleOnError)) {
		c.giveMemory(taken)
		return nil, 0, false
	}
	return &Answer{Body: body, ContentType: contentType, Created: meta.Created, Stale: true}, taken, true
}
