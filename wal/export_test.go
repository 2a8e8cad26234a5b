package wal

// SyncNow is what SyncEverySecond does once a second.
func (l *Log) SyncNow() { l.syncInBackground() }
