package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
	"owlcache/wal"
)

// Store is an open store. All methods may be called concurrently.
type Store struct {
	opts  Options
	dir   *datadir.Dir
	table *memory.Table
	clock clock
	feed  feed
	log   *wal.Log
	fsync *histogram

	retention  retention
	committer  *committer
	checkpoint *checkpointer
	recovery   RecoveryStats

	background sync.WaitGroup     // sweeper, checkpointer, and who calls Checkpoint
	running    context.Context    // of these
	stop       context.CancelFunc // ends running

	submitMu sync.RWMutex // held for reading while submitting: Close waits
	closing  bool         // nothing new in the background; protected by submitMu
	closed   bool         // protected by submitMu
	closeErr error        // of the first Close; protected by submitMu

	pool sync.Pool // of *submission
}

// Get appends the value of key to dst and returns the result and what is known of
// the entry. ok is false, and dst unchanged, if there is no live entry.
func (s *Store) Get(dst, key []byte) (value []byte, meta Meta, ok bool) {
	return s.table.Get(dst, key, MaxValueSize)
}

// GetUpTo is Get for a value of at most limit bytes. A larger one is left where it is: dst
// is returned unchanged and Meta.Size is its size.
func (s *Store) GetUpTo(dst, key []byte, limit int) (value []byte, meta Meta, ok bool) {
	return s.table.Get(dst, key, limit)
}

// Stat returns what is known of key without its value.
func (s *Store) Stat(key []byte) (meta Meta, ok bool) {
	e, size, ok := s.table.Peek(key)
	if !ok || !e.Live(time.Now().UnixMilli()) {
		return Meta{}, false
	}
	meta = e.Meta()
	meta.Size = size
	return meta, true
}

// Set stores value under key until expires (Unix milliseconds, 0 = for ever). When
// it returns nil, the write is durable as Options.Sync says.
func (s *Store) Set(key, value []byte, expires int64) (Meta, error) {
	return s.commitOne(Op{Kind: Set, Key: key, Value: value, Expires: expires})
}

// Expire moves the expiry of key to expires (Unix milliseconds, 0 = never). Without
// a live entry it returns ErrNotFound.
func (s *Store) Expire(key []byte, expires int64) (Meta, error) {
	return s.commitOne(Op{Kind: Expire, Key: key, Expires: expires})
}

// Delete removes key. Without a live entry it returns ErrNotFound.
func (s *Store) Delete(key []byte) error {
	_, err := s.commitOne(Op{Kind: Delete, Key: key})
	return err
}

// Commit does ops in order, each on its own condition, as one submission: they are
// durable together, and a crash leaves all or none of those that were done. Each
// op tells in Err and Meta what has become of it. The error of Commit is the one
// that kept all of them from being done: a malformed operation, or the state of
// the store.
func (s *Store) Commit(ops []Op) error {
	for i := range ops {
		if k := ops[i].Kind; k < Set || k > Expire {
			return fmt.Errorf("operation %d: %w", i, ErrBadOp)
		}
	}
	return s.submit(newSubmission(ops))
}

func (s *Store) commitOne(op Op) (Meta, error) {
	sub := s.pool.Get().(*submission)
	sub.one[0] = op
	sub.ops = sub.one[:]
	err := s.submit(sub)
	if err == nil {
		err = sub.one[0].Err
	}
	meta := sub.one[0].Meta
	// Key and value belong to the caller.
	sub.one[0], sub.oneRec[0], sub.records, sub.err = Op{}, format.Record{}, nil, nil
	s.pool.Put(sub)
	return meta, err
}

func (s *Store) submit(sub *submission) error {
	if len(sub.ops) == 0 {
		return nil
	}
	sub.size = 0
	for i := range sub.ops {
		if err := s.check(&sub.ops[i]); err != nil {
			return err
		}
		sub.ops[i].Err, sub.ops[i].Meta = nil, Meta{}
		sub.size += int64(format.RecordLen(sub.ops[i].Key, sub.ops[i].Value))
	}
	if sub.size > wal.MaxRecordSize {
		return ErrTooManyOps
	}
	if State(s.committer.state.Load()) == ReadOnly {
		return ErrReadOnly
	}
	s.submitMu.RLock()
	if s.closed {
		s.submitMu.RUnlock()
		return ErrClosed
	}
	s.committer.queue <- sub // waits while the queue is full: its consumer ends after us
	s.submitMu.RUnlock()
	<-sub.done
	return sub.err
}

func (s *Store) check(op *Op) error {
	switch {
	case len(op.Key) == 0:
		return ErrKeyEmpty
	case len(op.Key) > MaxKeySize:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrKeyTooLarge, len(op.Key), MaxKeySize)
	case len(op.Value) > s.opts.MaxValueSize:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrValueTooLarge, len(op.Value), s.opts.MaxValueSize)
	case op.Expires < 0, op.Expires > format.MaxExpires, op.Created < 0, op.If > IfVersionIs, op.Kind != Set && op.Kind != mergeSet && len(op.Value) > 0:
		return ErrBadOp
	}
	return nil
}

// NodeID returns the id of this node, which is part of each version.
func (s *Store) NodeID() uint64 { return s.clock.node }

// Applied returns the time of the last local write in the table, Recovered.Start if there is
// none yet: every local write since the start with a version up to it can be seen, and is
// durable as Options.Sync says.
func (s *Store) Applied() uint64 { return s.clock.applied.Load() }

// Recovered tells where a store was when it was opened.
type Recovered struct {
	LSN     uint64 // of the last log record
	Version uint64 // time of the greatest version found
	Start   uint64 // time of a version greater than that, and less than those of all writes since
}

// Recovered returns where the store was when it was opened.
func (s *Store) Recovered() Recovered { return s.clock.recovered }

// LSN returns the number of the last log record.
func (s *Store) LSN() uint64 { return s.log.LastLSN() }

// Health returns the state of the store and, unless that is Writable, the reason.
func (s *Store) Health() (State, error) {
	s.submitMu.RLock()
	defer s.submitMu.RUnlock()
	if s.closed {
		return Closed, ErrClosed
	}
	state := State(s.committer.state.Load())
	if cause := s.committer.cause.Load(); state != Writable && cause != nil {
		return state, *cause
	}
	return state, nil
}

// Checkpoint folds the log into the snapshot now, and waits until that is done.
// Close ends it early.
func (s *Store) Checkpoint(ctx context.Context) error {
	s.submitMu.RLock()
	if s.closing {
		s.submitMu.RUnlock()
		return ErrClosed
	}
	s.background.Add(1)
	s.submitMu.RUnlock()
	defer s.background.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	release := context.AfterFunc(s.running, cancel)
	defer release()
	return s.checkpoint.fold(ctx)
}

// Close waits for what has been submitted, makes everything durable and ends the
// store's goroutines. It returns the error of the log, if that has failed. The
// data directory stays locked: it belongs to the caller.
func (s *Store) Close() error {
	s.submitMu.Lock()
	s.closing = true
	s.submitMu.Unlock()
	// The sweeper submits: it ends while there is still somebody to answer it.
	s.stop()
	s.background.Wait()

	s.submitMu.Lock()
	defer s.submitMu.Unlock()
	if s.closed {
		return s.closeErr
	}
	s.closed = true
	close(s.committer.queue)
	<-s.committer.done
	s.feed.close()
	s.closeErr = s.log.Close()
	if errors.Is(s.closeErr, wal.ErrFailed) {
		s.closeErr = fmt.Errorf("%w: %w", ErrReadOnly, s.closeErr)
	}
	return s.closeErr
}
