package urlcache

import (
	"encoding/binary"
	"time"

	"owlcache/api/internal/node"
	"owlcache/engine"
)

// What is known of a stored body besides its bytes is in entries of its own, the type stored in the
// same commit, the copy after it:
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

func copyKey(mark byte, key []byte) []byte {
	return append(append([]byte(copyPrefix), mark), key...)
}

func appendType(dst []byte, contentType string) []byte {
	return append(append(dst, copyFormat, byte(len(contentType))), contentType...)
}

func parseType(b []byte) (contentType, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != copyFormat || len(b) < 2+int(b[1]) {
		return nil, nil, false
	}
	end := 2 + int(b[1])
	return b[2:end], b[end:], true
}

func appendStale(dst []byte, contentType string, expires int64, body []byte) []byte {
	dst = appendType(dst, contentType)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(expires))
	return append(dst, body...)
}

func parseStale(b []byte) (contentType string, expires int64, body []byte, ok bool) {
	t, rest, ok := parseType(b)
	if !ok || len(rest) < 8 {
		return "", 0, nil, false
	}
	return string(t), int64(binary.LittleEndian.Uint64(rest)), rest[8:], true
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
	t, _, _ := parseType(entry)
	return passable(string(t))
}

// keep stores what was fetched and returns its time of creation, 0 if it was not stored: nobody may have
// it stored, the store takes no writes, or somebody has set the key meanwhile, which wins.
func (c *Cache) keep(f *flight, contentType string, body []byte) (created int64) {
	s := f.client
	if !f.wanted || len(f.key) > maxStoredKey || len(body) > s.MaxStored {
		return 0
	}
	now := c.opts.now()
	created, expires := now.UnixNano(), int64(0)
	if s.KeyExpire > 0 {
		expires = now.Add(s.KeyExpire).UnixMilli()
	}
	if !c.keepValue(f, contentType, body, created, expires) {
		return 0
	}
	c.counts.stored.Add(1)
	if copied := appendStale(nil, contentType, expires, nil); s.StaleOnError > 0 && len(copied)+len(body) <= c.opts.MaxValueSize {
		// Without a copy there is none; that is no reason to say that nothing is stored.
		_ = f.store.Commit([]engine.Op{{
			Kind: engine.Set, Key: copyKey(staleMark, f.key), Value: append(copied, body...),
			Expires: now.Add(s.KeyExpire + s.StaleOnError).UnixMilli(), Created: created,
		}})
	}
	return created
}

// keepValue stores a value with its type, unless there is a value by now. A value that came first keeps
// its type: that was stored after the look at what is there, which is for the type first.
func (c *Cache) keepValue(f *flight, contentType string, body []byte, created, expires int64) bool {
	about := engine.Op{
		Kind: engine.Set, If: engine.IfAbsent, Key: copyKey(typeMark, f.key), Value: appendType(nil, contentType), Expires: expires, Created: created,
	}
	if meta, ok := f.store.Stat(about.Key); ok {
		about.If, about.Version = engine.IfVersionIs, meta.Version
	}
	if _, ok := f.store.Stat(f.key); ok {
		return false
	}
	ops := []engine.Op{
		{Kind: engine.Set, If: engine.IfAbsent, Key: f.key, Value: body, Expires: expires, Created: created}, about,
	}
	return f.store.Commit(ops) == nil && ops[0].Err == nil
}

// stale returns the copy of an expired key, if one may be answered. That of a deleted key is removed.
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
	if meta.Size > node.KeepBuffer {
		if taken = c.memory.TakeSoon(c.running, int64(meta.Size)); taken == 0 {
			return nil, 0, false
		}
	}
	entry, meta, held := f.store.Get(make([]byte, 0, meta.Size), key)
	contentType, expires, body, ok := parseStale(entry)
	now := c.opts.now()
	deleted := held && ok && now.UnixMilli() < expires // it is gone before it would have expired
	if deleted {
		c.dropCopy(f)
	}
	if !held || !ok || deleted || now.After(time.UnixMilli(expires).Add(s.StaleOnError)) {
		c.memory.Give(taken)
		return nil, 0, false
	}
	return &Answer{Body: body, ContentType: passable(contentType), Created: meta.Created, Stale: true}, taken, true
}

// dropDeleted removes the copy of a key that was deleted, which must not come back when its time is over.
func (c *Cache) dropDeleted(f *flight) {
	if f.client.StaleOnError == 0 || len(f.key) > maxStoredKey {
		return
	}
	meta, ok := f.store.Stat(copyKey(staleMark, f.key))
	// The time is that of the settings as they are; stale knows better.
	if ok && c.opts.now().UnixMilli() < meta.Expires-f.client.StaleOnError.Milliseconds() {
		_, taken, _ := c.stale(f)
		c.memory.Give(taken)
	}
}

func (c *Cache) dropCopy(f *flight) {
	key := copyKey(staleMark, f.key)
	if len(f.key) > maxStoredKey {
		return
	}
	if _, ok := f.store.Stat(key); ok {
		// A store that takes no writes keeps it; so it does everything else.
		_ = f.store.Commit([]engine.Op{{Kind: engine.Delete, Key: key}})
	}
}
