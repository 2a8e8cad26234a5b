package main

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"owlcache/engine"
)

// toolFlags are the flags that the commands have which work on a data directory.
type toolFlags struct {
	config string
	dir    string
	out    output
}

func (f *toolFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "dir", "", "data `directory`, the same as the argument DIR")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration `file` that names the data directory (default owlcache.conf if it is there)")
	f.out.register(cmd)
}

// toolDir returns the data directory to work on: args[0], --dir, or that of the
// configuration, which is not read if the directory is given.
func (p *program) toolDir(f *toolFlags, args []string) (string, error) {
	switch {
	case len(args) > 0 && f.dir != "" && args[0] != f.dir:
		return "", usageError(errors.New("two data directories: name one, as DIR or with --dir"))
	case len(args) > 0:
		return args[0], nil
	case f.dir != "":
		return f.dir, nil
	}
	c, err := loadConfig(configFlags{file: f.config}, p.env)
	if err != nil {
		return "", err
	}
	return c.dataDir(), nil
}

// toolProgressAfter is how long a command works before it shows a bar.
const toolProgressAfter = 500 * time.Millisecond

// toolProgress draws the progress of a command on the standard error, if that is a
// terminal and the command takes long. The zero value draws nothing.
type toolProgress struct {
	w     io.Writer
	start time.Time

	mu    sync.Mutex // protects all below
	phase string
	bar   *progressbar.ProgressBar
}

func (p *program) toolProgress() *toolProgress {
	t := &toolProgress{start: time.Now()}
	if isTerminal(p.stderr) {
		t.w = p.stderr
	}
	return t
}

// update shows what is done. It may be called from several goroutines.
func (t *toolProgress) update(now engine.Progress) {
	if t.w == nil || now.Total <= 0 || time.Since(t.start) < toolProgressAfter {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar == nil || t.phase != now.Phase {
		t.clear()
		t.phase = now.Phase
		t.bar = progressbar.NewOptions64(now.Total,
			progressbar.OptionSetWriter(t.w),
			progressbar.OptionSetDescription(now.Phase),
			progressbar.OptionShowBytes(now.Unit == "bytes"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30),
		)
	}
	_ = t.bar.Set64(min(now.Done, now.Total)) // a bar that cannot be drawn is no reason to stop
}

// done takes the bar off the terminal.
func (t *toolProgress) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
}

func (t *toolProgress) clear() {
	if t.bar != nil {
		_ = t.bar.Clear()
		t.bar = nil
	}
}
