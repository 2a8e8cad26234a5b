package access

import (
	"net/netip"
	"sync"
)

// maxVerified tokens of 300 bytes are a few megabytes.
const maxVerified = 8192

// tokenCache spares a write the parsing and two MACs. Only tokens that this server signed get in.
type tokenCache struct {
	max int

	mu sync.RWMutex // protects m
	m  map[string]verifiedToken
}

// verifiedToken is for whom and until when (Unix seconds, exclusive) a token is good.
type verifiedToken struct {
	peer netip.Addr
	end  int64
}

func newTokenCache(size int) *tokenCache {
	return &tokenCache{max: size, m: map[string]verifiedToken{}}
}

func (c *tokenCache) has(token []byte, peer netip.Addr, now int64) bool {
	c.mu.RLock()
	v, ok := c.m[string(token)]
	c.mu.RUnlock()
	return ok && v.peer == peer && now < v.end
}

// add makes room by removing the first of a few chance entries that has ended, or one of them.
func (c *tokenCache) add(token string, peer netip.Addr, end, now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= c.max {
		c.evict(now)
	}
	c.m[token] = verifiedToken{peer: peer, end: end}
}

func (c *tokenCache) evict(now int64) {
	const look = 8
	victim, n := "", 0
	for token, v := range c.m {
		victim = token
		if n++; n >= look || v.end <= now {
			break
		}
	}
	delete(c.m, victim)
}
