package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"owlcache/engine"
)

// progressEvery is the time between two log lines about a long load.
const progressEvery = 3 * time.Second

// progress tells how far the recovery is: to a terminal as a bar, to the log
// now and then, to the readiness probe when it asks.
type progress struct {
	logger   *slog.Logger
	terminal io.Writer // nil if there is none

	mu     sync.Mutex // protects all below; updates may come from several goroutines
	last   engine.Progress
	bar    *progressbar.ProgressBar
	logged time.Time
}

// newProgress returns a progress that draws on terminal, or logs if that is nil.
func newProgress(logger *slog.Logger, terminal io.Writer) *progress {
	return &progress{logger: logger, terminal: terminal, logged: time.Now()}
}

// update takes what the store reports.
func (p *progress) update(now engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	newPhase := now.Phase != p.last.Phase
	p.last = now
	if now.Total <= 0 {
		return
	}
	if p.terminal != nil {
		p.draw(newPhase)
		return
	}
	if time.Since(p.logged) >= progressEvery {
		p.logged = time.Now()
		p.logger.Info("loading", "phase", now.Phase, "done", now.Done, "total", now.Total, "unit", now.Unit)
	}
}

// draw moves the bar. A bar that cannot be drawn is no reason to stop loading.
func (p *progress) draw(newPhase bool) {
	if newPhase || p.bar == nil {
		p.clear()
		p.bar = progressbar.NewOptions64(p.last.Total,
			progressbar.OptionSetWriter(p.terminal),
			progressbar.OptionSetDescription("loading "+p.last.Phase),
			progressbar.OptionShowBytes(p.last.Unit == "bytes"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30),
		)
	}
	if p.bar.GetMax64() != p.last.Total {
		p.bar.ChangeMax64(p.last.Total)
	}
	_ = p.bar.Set64(min(p.last.Done, p.last.Total))
}

// done takes the bar off the terminal.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// text says how far the recovery is, in few words.
func (p *progress) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.Total <= 0 {
		return "opening the data directory"
	}
	return fmt.Sprintf("loading %s, %d %%", p.last.Phase, 100*min(p.last.Done, p.last.Total)/p.last.Total)
}
