package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/netip"
	"time"

	"owlcache/api/internal/conn"
)

// Options of a Guard.
type Options struct {
	Password      string        // answered by LogIn; required
	TokenSecret   []byte        // signs tokens; required
	TokenLifetime time.Duration // 0: tokens do not expire
	Host          string        // name of the node
	AllowedHosts  []string      // further names that are served on a loopback address; "*" is any
	Origins       []string      // whose web pages may read answers, as CheckOrigins takes them
}

// Guard says who may do what. All methods may be called concurrently.
type Guard struct {
	Hosts   *Hosts
	Origins *Origins // nil: pages of other origins may read nothing

	// GuardLoopback has clients on loopback addresses trusted no more than others.
	GuardLoopback bool

	*tokens
	password [sha256.Size]byte // hashed: comparing takes the same time for every input of one length
	logins   *loginGuard
	now      func() time.Time
	log      *slog.Logger
}

// New makes a guard with the time of now.
func New(o Options, now func() time.Time, log *slog.Logger) *Guard {
	return &Guard{
		Hosts:    newHosts(o.Host, o.AllowedHosts),
		Origins:  newOrigins(o.Origins),
		tokens:   newTokens(o.TokenSecret, o.TokenLifetime, now),
		password: sha256.Sum256([]byte(o.Password)),
		logins:   newLoginGuard(maxLoginPeers),
		now:      now,
		log:      log,
	}
}

// LogIn compares a password. Errors are ErrWrongPassword and LockedOutError.
func (g *Guard) LogIn(peer netip.Addr, sent []byte) error {
	hash := sha256.Sum256(sent)
	right := subtle.ConstantTimeCompare(g.password[:], hash[:]) == 1
	if g.Trusts(peer) {
		// A proxy on this machine: one guesser would shut out everybody behind it.
		if right {
			return nil
		}
		g.logins.failures.Add(1)
		return ErrWrongPassword
	}
	client := conn.Network(peer)
	wait, last := g.logins.judge(client, right, g.now())
	if wait > 0 {
		return &LockedOutError{wait}
	}
	if last {
		g.log.Warn("too many wrong passwords: log-ins from this address are refused for the rest of a minute",
			"address", client, "failures", maxLoginFailures)
	}
	if !right {
		return ErrWrongPassword
	}
	return nil
}

// Trusts tells whether a client is on this machine, where logging in is not slowed down.
func (g *Guard) Trusts(peer netip.Addr) bool { return peer.IsLoopback() && !g.GuardLoopback }

// Logins returns how many wrong passwords there were, and how many attempts did not count.
func (g *Guard) Logins() (failures, refused uint64) {
	return g.logins.failures.Load(), g.logins.refused.Load()
}

// Class says who may use a route or a command. The zero value is no class, so that one that
// was forgotten is found at the start and by the tests.
type Class uint8

// The classes.
const (
	Public     Class = iota + 1 // anybody
	Login                       // anybody: it is where a token is given out
	Token                       // with a valid token
	PerCommand                  // as the table of its commands says
)
