package check

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/held"
)

// Options of Check. The zero value of each field is its default.
type Options struct {
	// Progress, if set, is called now and then, one call at a time.
	Progress func(datadir.Progress)
}

// tries is how often the directory of a running node is read when something
// looks wrong: a write that is under way while it is read looks so for a moment.
const (
	tries = 5
	pause = 50 * time.Millisecond
)

// Run verifies the data directory at path. While the snapshot is read, a node that runs
// on it does not fold its log. The memory that is needed does not depend on the number of
// keys, but for the file of a 0.5.1 node.
//
// What is wrong is in the report. An error is returned for what is no data directory,
// for files that may not be read, and, as *datadir.FormatError or format.ErrNewerFormat, for
// data of a newer program.
func Run(ctx context.Context, path string, o Options) (*Report, error) {
	var before []Finding
	for try := 1; ; try++ {
		report, err := checkOnce(ctx, path, &o)
		if err != nil || report.Holder == "" || report.Status == OK {
			return report, err
		}
		wrong := report.wrong()
		switch {
		case try > 1 && slices.Equal(wrong, before):
			return report, nil
		case try == tries:
			report.keep(before)
			return report, nil
		}
		before = wrong
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(try) * pause):
		}
	}
}

type checker struct {
	ctx  context.Context // of this one call
	opts *Options
	src  *datadir.Source

	*held.Files
	progress progress
}

func checkOnce(ctx context.Context, path string, o *Options) (report *Report, err error) {
	src, holder, err := datadir.Look(path)
	if err != nil {
		return nil, err
	}
	c := &checker{ctx: ctx, opts: o, src: src}
	report = &Report{Path: src.Path(), Holder: holder, Status: OK}
	var files, data, others findings
	if err := c.files(&files, holder); err != nil {
		return nil, err
	}
	if err := c.data(&data, report); err != nil {
		return nil, err
	}
	if err := c.others(&others); err != nil {
		return nil, err
	}
	if report.Holder == "" { // a node may have started meanwhile
		if _, report.Holder, err = datadir.Look(path); err != nil {
			return nil, err
		}
	}
	var all findings
	for _, part := range []*findings{&files, &data, &others} {
		all.join(part)
	}
	report.Findings, report.Warnings, report.Failures = all.list, all.warnings, all.failures
	report.judge()
	return report, nil
}

func (c *checker) data(list *findings, report *Report) (err error) {
	if c.Files, err = held.Open(c.ctx, c.src, nil); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if c.progress.tell = c.opts.Progress; c.progress.tell == nil {
		c.progress.tell = func(datadir.Progress) {}
	}
	c.progress.total = c.Bytes()

	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	var (
		wg       sync.WaitGroup
		snapshot = snapshotCheck{checker: c}
		log      = logCheck{checker: c, segments: map[string]*segmentCheck{}}
		err1     error
		err2     error
	)
	wg.Go(func() {
		if c.Snapshot != nil {
			prefetch(ctx, c.Snapshot.File)
		}
	})
	wg.Go(func() {
		if err2 = log.run(); err2 != nil {
			cancel()
		}
	})
	if err1 = snapshot.run(); err1 != nil {
		cancel()
	}
	wg.Wait()
	if err := errors.Join(err1, err2, c.ctx.Err()); err != nil {
		return err
	}
	log.report(&snapshot)
	snapshot.conclude(&log)
	list.join(&snapshot.findings)
	list.join(&log.findings)
	report.Keys, report.Records, report.Ops = snapshot.keys, log.found.Records, log.ops
	report.Bytes = log.found.Bytes
	if c.Snapshot != nil {
		report.Bytes += c.Snapshot.Size
	}
	return nil
}

func (c *checker) repairCommand() string {
	return (&format.CorruptError{Path: c.src.File(datadir.SnapshotFile)}).Remedy()
}

func (c *checker) name(file string) string {
	if rel, err := filepath.Rel(c.src.Path(), file); err == nil {
		return filepath.ToSlash(rel)
	}
	return path.Base(file)
}

// progress adds up what several goroutines have read.
type progress struct {
	tell  func(datadir.Progress)
	total int64
	done  atomic.Int64
	mu    sync.Mutex // held while telling
}

// progressBytes is after how many bytes progress is told, and an end is looked for.
const progressBytes = 4 << 20

func (p *progress) add(n int64) {
	done := p.done.Add(n)
	if done/progressBytes == (done-n)/progressBytes {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(datadir.Progress{Phase: "check", Done: min(done, p.total), Total: p.total, Unit: "bytes"})
}

// prefetch reads a file in order until ctx ends, so that it is in the cache of the system
// for who follows the pages of its tree. Who needs a part that cannot be read will see the
// error.
func prefetch(ctx context.Context, f *os.File) {
	b := make([]byte, 1<<20)
	for off := int64(0); ctx.Err() == nil; {
		n, err := f.ReadAt(b, off)
		if err != nil {
			return
		}
		off += int64(n)
	}
}
