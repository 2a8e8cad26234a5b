package node

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// progressEvery is the time between two log lines about a long load.
const progressEvery = 3 * time.Second

// progress tells how far the recovery is: to a terminal as a bar, to the log
// now and then, to the readiness probe when it asks.
type progress struct {
	logger *slog.Logger
	bar    *term.Bar // nil if there is no terminal

	mu     sync.Mutex // protects all below; updates may come from several goroutines
	last   engine.Progress
	logged time.Time
}

// newProgress returns a progress that draws on terminal, or logs if that is nil.
func newProgress(logger *slog.Logger, terminal io.Writer) *progress {
	p := &progress{logger: logger, logged: time.Now()}
	if terminal != nil {
		p.bar = term.NewBar(terminal, "loading ")
	}
	return p
}

func (p *progress) update(now engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = now
	switch {
	case now.Total <= 0:
	case p.bar != nil:
		p.bar.Update(now)
	case time.Since(p.logged) >= progressEvery:
		p.logged = time.Now()
		p.logger.Info("loading", "phase", now.Phase, "done", now.Done, "total", now.Total, "unit", now.Unit)
	}
}

func (p *progress) done() {
	if p.bar != nil {
		p.bar.Clear()
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
