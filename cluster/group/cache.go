package group

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	cacheShards = 64 // parts of the cache, so that cores do not wait for each other

	// Bytes that an entry and an answer in it cost besides key and value, about.
	entryOverhead  = 192
	answerOverhead = 96
)

// outcome is what is known of a member's answer.
type outcome uint8

const (
	unasked outcome = iota // nothing
	present
	absent // the member has nothing under the key
	failed // there was no answer
)

type slot struct {
	member  *member
	outcome outcome
	healed  uint32 // of the member's breaker, for a failure
	until   time.Duration
	created time.Time
	value   []byte
}

// fresh tells whether the answer may be used at the time now.
func (s *slot) fresh(now time.Duration) bool {
	return now < s.until && (s.outcome != failed || s.healed == s.member.breaker.healed.Load())
}

func (s *slot) size() int64 { return int64(answerOverhead + cap(s.value)) }

// cacheEntry holds the answers of all members for one key, so that a query needs one
// look-up. Entries form a ring in the order of their coming.
type cacheEntry struct {
	key        string
	slots      []slot
	used       atomic.Bool // since the entry was last passed over for eviction
	next, prev *cacheEntry
}

// slotOf returns the answer of m, nil if there is none. hint is where it may be.
func (e *cacheEntry) slotOf(m *member, hint int) *slot {
	if hint < len(e.slots) && e.slots[hint].member == m {
		return &e.slots[hint]
	}
	for i := range e.slots {
		if e.slots[i].member == m {
			return &e.slots[i]
		}
	}
	return nil
}

func (e *cacheEntry) size() int64 {
	n := int64(entryOverhead + len(e.key))
	for i := range e.slots {
		n += e.slots[i].size()
	}
	return n
}

// answerCache keeps answers for a time, as many as fit. What was not used goes first.
type answerCache struct {
	lifetime time.Duration // not positive: nothing is kept
	limit    int64         // bytes
	start    time.Time     // that times count from
	seed     maphash.Seed
	bytes    atomic.Int64
	hand     atomic.Uint32 // the shard that was last evicted from
	shards   [cacheShards]cacheShard
}

type cacheShard struct {
	mu      sync.RWMutex // protects what follows
	entries map[string]*cacheEntry
	ring    cacheEntry // next is the newest, prev the oldest
	_       [32]byte   // keeps two locks out of one cache line
}

func newAnswerCache(limit int64, lifetime time.Duration) *answerCache {
	c := &answerCache{lifetime: lifetime, limit: limit, start: time.Now(), seed: maphash.MakeSeed()}
	for i := range c.shards {
		s := &c.shards[i]
		s.entries = map[string]*cacheEntry{}
		s.ring.next, s.ring.prev = &s.ring, &s.ring
	}
	return c
}

func (c *answerCache) now() time.Duration { return time.Since(c.start) }

func (c *answerCache) off() bool { return c.lifetime <= 0 }

// view puts the fresh answers of members into to, which is as long and zero.
func (c *answerCache) view(key []byte, members []*member, to []slot) {
	if c.off() {
		return
	}
	now := c.now()
	s := &c.shards[maphash.Bytes(c.seed, key)%cacheShards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entries[string(key)]
	if e == nil {
		return
	}
	if !e.used.Load() {
		e.used.Store(true)
	}
	for i, m := range members {
		if have := e.slotOf(m, i); have != nil && have.fresh(now) {
			to[i] = *have
		}
	}
}

func (c *answerCache) put(key string, answer slot) {
	if c.off() || answer.size()+int64(entryOverhead+len(key)) > c.limit {
		return
	}
	answer.until = c.now() + c.lifetime
	c.shards[maphash.String(c.seed, key)%cacheShards].put(c, key, answer)
	c.evict(key)
	c.evict("") // it is itself what does not fit
}

// evict drops entries, of one shard after the other, until the cache fits or there is
// none left but that of key.
func (c *answerCache) evict(key string) {
	for empty := 0; c.bytes.Load() > c.limit && empty < 2*cacheShards; {
		if c.shards[c.hand.Add(1)%cacheShards].evictOne(c, key) {
			empty = 0
		} else {
			empty++
		}
	}
}

func (s *cacheShard) put(c *answerCache, key string, answer slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	if e == nil {
		e = &cacheEntry{key: key}
		s.entries[key] = e
		s.pushFrontLocked(e)
		c.bytes.Add(entryOverhead + int64(len(key)))
	}
	i := slices.IndexFunc(e.slots, func(s slot) bool { return s.member == answer.member })
	if i < 0 { // one that is used no more and whose member has left
		now := c.now()
		i = slices.IndexFunc(e.slots, func(s slot) bool { return now >= s.until && s.member.gone.Err() != nil })
	}
	if i < 0 {
		e.slots = append(e.slots, answer)
		c.bytes.Add(answer.size())
		return
	}
	c.bytes.Add(answer.size() - e.slots[i].size())
	e.slots[i] = answer
}

// evictOne drops the oldest entry that has not been used since it was last passed over,
// and not that of key. It returns false if there is none.
func (s *cacheShard) evictOne(c *answerCache, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range len(s.entries) {
		e := s.ring.prev
		if e.key != key && !e.used.Swap(false) {
			s.dropLocked(c, e)
			return true
		}
		e.unlink()
		s.pushFrontLocked(e)
	}
	return false
}

// sweep drops the entries whose answers are all too old.
func (c *answerCache) sweep() {
	now := c.now()
	for i := range c.shards {
		c.shards[i].sweep(c, now)
	}
}

func (s *cacheShard) sweep(c *answerCache, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.ring.next; e != &s.ring; {
		next := e.next
		if !slices.ContainsFunc(e.slots, func(s slot) bool { return s.fresh(now) }) {
			s.dropLocked(c, e)
		}
		e = next
	}
}

func (s *cacheShard) dropLocked(c *answerCache, e *cacheEntry) {
	e.unlink()
	delete(s.entries, e.key)
	c.bytes.Add(-e.size())
}

func (s *cacheShard) pushFrontLocked(e *cacheEntry) {
	e.prev, e.next = &s.ring, s.ring.next
	e.prev.next, e.next.prev = e, e
}

func (e *cacheEntry) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
}
