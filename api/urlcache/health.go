package urlcache

import (
	"sync"
	"time"
)

const reportPause = time.Minute

// health is what the log says of an origin.
type health struct {
	mu   sync.Mutex // protects what follows
	ill  bool       // as the log has it
	last time.Time  // of the last line, zero if there is none
}

// changed leaves a change soon after another one to whoever finds it later, if it lasts.
func (h *health) changed(ill bool, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ill == h.ill || !h.last.IsZero() && now.Sub(h.last) < reportPause {
		return false
	}
	h.ill, h.last = ill, now
	return true
}

// report tells when an origin begins to fail and when it is well again. One that answers, whatever it
// says, is well.
func (c *Cache) report(s *client, fail *Error) {
	ill := false
	if fail != nil {
		switch fail.Kind {
		case KindConnect, KindTimeout, KindAnswer:
			ill = true
		case KindStatus, KindRedirect, KindEncoding, KindTooLarge:
		default:
			return // that says nothing about the origin
		}
	}
	switch {
	case !s.health.changed(ill, c.opts.now()):
	case ill:
		c.opts.Logger.Warn("the origin fails: "+fail.Error(), "site", s.index, "origin", s.Origin.String(), "kind", fail.Kind.String(), "cause", fail.cause)
	default:
		c.opts.Logger.Info("the origin answers again", "site", s.index, "origin", s.Origin.String())
	}
}
