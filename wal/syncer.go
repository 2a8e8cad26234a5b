package wal

import (
	"sync"
	"time"
)

// syncer makes a log durable once a second, for SyncEverySecond.
type syncer struct {
	once sync.Once
	stop chan struct{}
	done chan struct{}
}

// startSyncing starts the goroutine that stopSyncing ends.
func (l *Log) startSyncing() {
	s := &syncer{stop: make(chan struct{}), done: make(chan struct{})}
	l.background = s
	go func() {
		defer close(s.done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.syncInBackground()
			case <-s.stop:
				return
			}
		}
	}()
}

// stopSyncing ends the goroutine and waits for it.
func (l *Log) stopSyncing() {
	if s := l.background; s != nil {
		s.once.Do(func() { close(s.stop) })
		<-s.done
	}
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
