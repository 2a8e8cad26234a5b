package node

import (
	"log/slog"
	"strings"
	"testing"

	"owlcache/engine"
)

func TestProgress(t *testing.T) {
	for _, terminal := range []*strings.Builder{nil, {}} {
		p := newProgress(slog.New(slog.DiscardHandler), nil)
		if terminal != nil {
			p = newProgress(slog.New(slog.DiscardHandler), terminal)
		}
		if got := p.text(); got != "opening the data directory" {
			t.Errorf("before the first update: %q", got)
		}
		p.update(engine.Progress{Phase: "snapshot", Done: 43, Total: 100, Unit: "keys"})
		if got := p.text(); got != "loading snapshot, 43 %" {
			t.Errorf("after an update: %q", got)
		}
		p.update(engine.Progress{Phase: "log", Done: 300, Total: 200, Unit: "bytes"})
		if got := p.text(); got != "loading log, 100 %" {
			t.Errorf("beyond the total: %q", got)
		}
		p.update(engine.Progress{Phase: "log"})
		p.done()
		if terminal != nil && !strings.Contains(terminal.String(), "loading snapshot") {
			t.Errorf("the terminal shows %q", terminal.String())
		}
	}
}
