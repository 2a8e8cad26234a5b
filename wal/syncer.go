package wal

import (
	"context"
	"time"
)

// startSyncing makes the log durable once a second, for SyncEverySecond, until Close.
func (l *Log) startSyncing() {
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.background.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.syncInBackground()
			case <-ctx.Done():
				return
			}
		}
	})
}

// syncInBackground makes durable what has been appended so far, without keeping
// Append waiting for the disk. A failure ends the log.
func (l *Log) syncInBackground() {
	l.mu.Lock()
	file, last := l.file, l.next-1
	if l.err != nil || file == nil || last == l.durable {
		l.mu.Unlock()
		return
	}
	l.fileMu.Lock() // so that nobody closes the file
	l.mu.Unlock()

	start := time.Now()
	err := file.Sync()
	took := time.Since(start)
	l.fileMu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	l.opts.OnSync(took)
	if err != nil {
		_ = l.fail(err) // reported by the next call, and by Err
		return
	}
	l.durable = max(l.durable, last)
}
