package term

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"owlcache/engine"
)

// barAfter is how long a command works before it shows a bar.
const barAfter = 500 * time.Millisecond

// Bar draws how far something is. The zero value draws nothing. It may be used by several
// goroutines.
type Bar struct {
	w      io.Writer // nil draws nothing
	prefix string
	from   time.Time // nothing is drawn before

	mu    sync.Mutex // protects all below
	phase string
	bar   *progressbar.ProgressBar
}

// NewBar returns a bar that is drawn on w, nil = nowhere, when the time after has passed. prefix
// stands before the name of the phase.
func NewBar(w io.Writer, prefix string, after time.Duration) *Bar {
	return &Bar{w: w, prefix: prefix, from: time.Now().Add(after)}
}

// Update shows what is done. A bar that cannot be drawn is no reason to stop.
func (b *Bar) Update(now engine.Progress) {
	if b.w == nil || now.Total <= 0 || time.Now().Before(b.from) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar == nil || b.phase != now.Phase {
		b.clearLocked()
		b.phase = now.Phase
		b.bar = progressbar.NewOptions64(now.Total,
			progressbar.OptionSetWriter(b.w),
			progressbar.OptionSetDescription(b.prefix+now.Phase),
			progressbar.OptionShowBytes(now.Unit == "bytes"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30),
		)
	}
	if b.bar.GetMax64() != now.Total {
		b.bar.ChangeMax64(now.Total)
	}
	_ = b.bar.Set64(min(now.Done, now.Total))
}

// Clear takes the bar off the terminal.
func (b *Bar) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clearLocked()
}

func (b *Bar) clearLocked() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
