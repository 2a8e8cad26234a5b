package transport

import (
	"log/slog"
	"sync"
	"time"
)

const noticeEvery = time.Minute

// Notices logs each kind of thing at most once in a while. Kinds are constants of this
// program, so their number is bounded.
type Notices struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time // protected by mu
}

// NewNotices returns notices that are logged to log.
func NewNotices(log *slog.Logger) *Notices {
	return &Notices{log: log, last: make(map[string]time.Time)}
}

// Due tells whether to log a thing of this kind now; who asks does so if it is.
func (n *Notices) Due(kind string) bool {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if at, found := n.last[kind]; found && now.Sub(at) < noticeEvery {
		return false
	}
	n.last[kind] = now
	return true
}

// Warn logs a warning if it is due.
func (n *Notices) Warn(kind, msg string, args ...any) {
	if n.Due(kind) {
		n.log.Warn(msg, args...)
	}
}
