package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
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
			g.evict(now)
		}
	}
	g.failures.Add(1)
	f.count++
	g.m[client] = f
	return 0, f.count == maxLoginFailures
}

// evict removes, of a few chance entries, one whose window is over, or the one with the fewest failures.
func (g *loginGuard) evict(now time.Time) {
	const look = 8
	var victim netip.Prefix
	n, fewest := 0, maxLoginFailures+1
	for client, f := range g.m {
		if !now.Before(f.end) {
			f.count = 0
		}
		if f.count < fewest {
			victim, fewest = client, f.count
		}
		if n++; n >= look || fewest == 0 {
			break
		}
	}
	delete(g.m, victim)
}

// ErrWrongPassword is returned for an attempt to log in with a wrong password.
var ErrWrongPassword = errors.New("wrong password")

// LockedOutError is returned for an attempt to log in after too many wrong passwords.
type LockedOutError struct{ Wait time.Duration } // until an attempt counts again

func (e *LockedOutError) Error() string { return "too many wrong passwords from your address" }

// password is a hash: comparing takes the same time for every input of one length.
type password [sha256.Size]byte

func newPassword(s string) password { return sha256.Sum256([]byte(s)) }

func (p password) is(s []byte) bool {
	h := sha256.Sum256(s)
	return subtle.ConstantTimeCompare(p[:], h[:]) == 1
}
