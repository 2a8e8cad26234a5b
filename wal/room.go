package wal

// HasRoom tells whether a batch of n bytes would find room on the disk, for a
// caller that has seen ErrNoSpace. It tries no more than a step of reserving takes,
// so that it never fills a disk for the others on it.
func (l *Log) HasRoom(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return false
	}
	if l.file == nil {
		if err := l.create(); err != nil {
			return false
		}
	}
	err := l.file.Allocate(l.cur.Bytes, min(n, allocateStep))
	// In any case: a part of the room may have been added before it failed.
	if err := l.shrink(); err != nil {
		_ = l.fail(err) // reported by the next call, and by Err
		return false
	}
	l.noRoom = false
	return !isFull(err)
}
