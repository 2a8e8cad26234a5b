package term

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"owlcache/engine"
)

// barAfter is how long a command works before it shows a bar.
const barAfter = 500 * time.Millisecond

// Bar draws how far something is, and prints notes. It may be used by several goroutines.
type Bar struct {
	stderr io.Writer
	prefix string
	from   time.Time // nothing is drawn before

	mu     sync.Mutex // protects all below
	hidden bool
	phase  string
	bar    *progressbar.ProgressBar
}

// NewBar returns a bar that is drawn on a terminal. prefix stands before the name of the phase.
func NewBar(terminal io.Writer, prefix string) *Bar {
	return &Bar{stderr: terminal, prefix: prefix}
}

// Bar returns the bar of a command: it is drawn on the standard error, if that is a terminal and
// the command takes long.
func (p *Process) Bar() *Bar {
	return &Bar{stderr: p.Stderr, from: time.Now().Add(barAfter), hidden: !IsTerminal(p.Stderr)}
}

// Update shows what is done. A bar that cannot be drawn is no reason to stop.
func (b *Bar) Update(now engine.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hidden || now.Total <= 0 || time.Now().Before(b.from) {
		return
	}
	if b.bar == nil || b.phase != now.Phase {
		b.clearLocked()
		b.phase = now.Phase
		b.bar = progressbar.NewOptions64(now.Total,
			progressbar.OptionSetWriter(b.stderr),
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

// Clear takes the bar off the terminal. It comes back with the next Update.
func (b *Bar) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clearLocked()
}

// Hide takes the bar off the terminal for good, where it would mix with other output.
func (b *Bar) Hide() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hidden = true
	b.clearLocked()
}

// Note tells a person something that is no part of the output.
func (b *Bar) Note(format string, args ...any) {
	b.Clear()
	_, _ = fmt.Fprintf(b.stderr, "owlcache: "+format+"\n", args...) // without it nobody is left to tell
}

// NoteCheckpoint tells that a view.View waits for the node on the directory.
func (b *Bar) NoteCheckpoint() { b.Note("a checkpoint is running: waiting for its end") }

func (b *Bar) clearLocked() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
