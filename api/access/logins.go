package access

import (
	"errors"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds on guessing passwords.
const (
	maxLoginFailures = 10 // of one client within loginWindow
	loginWindow      = time.Minute
	maxLoginPeers    = 8192 // clients that are remembered; half a megabyte
)

// loginGuard refuses a client that has sent too many wrong passwords for the rest of a window of
// time, whatever it sends.
type loginGuard struct {
	max int

	failures atomic.Uint64 // wrong passwords
	refused  atomic.Uint64 // attempts that did not count

	mu sync.Mutex // protects m
	m  map[netip.Prefix]loginFailures
}

type loginFailures struct {
	count int
	end   time.Time
}

func newLoginGuard(size int) *loginGuard {
	return &loginGuard{max: size, m: map[netip.Prefix]loginFailures{}}
}

// judge decides about an attempt: while wait is not 0 none counts; last tells that this was the last
// wrong one allowed. It comes after comparing, so that simultaneous attempts cannot get past it.
func (g *loginGuard) judge(client netip.Prefix, right bool, now time.Time) (wait time.Duration, last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f, known := g.m[client]
	if known && !now.Before(f.end) {
		delete(g.m, client)
		f, known = loginFailures{}, false
	}
	switch {
	case f.count >= maxLoginFailures:
		g.refused.Add(1)
		return f.end.Sub(now), false
	case right:
		return 0, false
	case !known:
		f.end = now.Add(loginWindow)
		if len(g.m) >= g.max {
			evict(g.m, func(f loginFailures) int {
				if !now.Before(f.end) {
					return 0
				}
				return f.count
			})
		}
	}
	g.failures.Add(1)
	f.count++
	g.m[client] = f
	return 0, f.count == maxLoginFailures
}

// evict removes, of a few chance entries, one of rank 0, which has ended, or the one of the lowest rank.
func evict[K comparable, V any](m map[K]V, rank func(V) int) {
	const look = 8
	var victim K
	n, lowest := 0, math.MaxInt
	for k, v := range m {
		if r := rank(v); r < lowest {
			victim, lowest = k, r
		}
		if n++; n >= look || lowest == 0 {
			break
		}
	}
	delete(m, victim)
}

// ErrWrongPassword is returned for an attempt to log in with a wrong password.
var ErrWrongPassword = errors.New("wrong password")

// LockedOutError is returned for an attempt to log in after too many wrong passwords.
type LockedOutError struct{ Wait time.Duration } // until an attempt counts again

func (e *LockedOutError) Error() string { return "too many wrong passwords from your address" }
