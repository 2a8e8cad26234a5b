package urlcache

import "sync/atomic"

// Stats are figures of a Cache since the start.
type Stats struct {
	Hits     uint64 // requests answered from the store
	Misses   uint64 // requests that were not
	Stale    uint64 // of the misses, those answered with an expired copy
	Fetches  uint64 // requests to origins, without redirects
	Stored   uint64 // of these, those whose body was stored
	Bytes    uint64 // of bodies read from origins
	InFlight int    // requests to origins at this moment
	Errors   []KindCount
}

// KindCount says how often a kind of failure occurred.
type KindCount struct {
	Kind  Kind
	Count uint64
}

type counters struct {
	hits, misses, stale, fetches, stored, bytes atomic.Uint64
	errors                                      [numKinds]atomic.Uint64
}

// Stats returns the figures. c may be nil: then all are 0.
func (c *Cache) Stats() Stats {
	s := Stats{Errors: make([]KindCount, numKinds)}
	for k := range s.Errors {
		s.Errors[k].Kind = Kind(k)
	}
	if c == nil {
		return s
	}
	n := &c.counts
	s.Hits, s.Misses, s.Stale = n.hits.Load(), n.misses.Load(), n.stale.Load()
	s.Fetches, s.Stored, s.Bytes = n.fetches.Load(), n.stored.Load(), n.bytes.Load()
	s.InFlight = len(c.slots)
	for k := range s.Errors {
		s.Errors[k].Count = n.errors[k].Load()
	}
	return s
}
