package peers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine/datadir"
)

// File is what outlives a restart: the members last seen alive, what this node has
// seen of the writes of others (KeepVersions), and what an operator has removed.
type File struct {
	path string
	log  *slog.Logger
	self uint64

	wake   chan struct{}
	sample *time.Ticker // runs since KeepVersions
	stop   context.CancelFunc
	wg     sync.WaitGroup

	writing sync.Mutex // held while the file is written, taken before mu

	mu      sync.Mutex // protects what follows
	peers   map[uint64]*Peer
	removed *Removal           // this node was removed; nil if not
	dropped []forgotten        // what is not looked for any more
	own     string             // address of this node
	dirty   bool               // the file is to be written soon
	written time.Time          // when it was last written
	failing bool               // the last writing has failed
	write   func([]byte) error // replaces the file; for tests

	seenNow   func() ([]wire.NodeSpan, uint64) // see KeepVersions; nil: nothing is kept
	settled   versions                         // what is written of it
	sampled   versions                         // will be written
	sampledAt time.Time
}

// Removal is an operator's, of this node.
type Removal struct {
	Time  time.Time `json:"time"`
	By    string    `json:"by"`    // node id
	Seeds string    `json:"seeds"` // the list of seeds, in order: one that is added ends it
}

// forgotten is a node that an operator has removed from the group.
type forgotten struct {
	Address string    `json:"address"`
	Node    string    `json:"node,omitempty"`
	Time    time.Time `json:"time"`
}

const (
	settleAfter  = 2 * time.Second
	failedPause  = 2 * time.Second
	writePause   = 500 * time.Millisecond // between two writings
	refreshEvery = time.Hour              // for the times at which live members were seen
	expireAfter  = 30 * 24 * time.Hour    // of members that were not seen
	brokenSuffix = ".broken"
)

// Open reads the file. One that is damaged is kept aside: what was seen of other nodes is
// forgotten then, which is safe, and members are found through seeds, or find this node.
func Open(path string, self uint64, log *slog.Logger) (*File, error) {
	f := &File{path: path, log: log, self: self, wake: make(chan struct{}, 1), peers: make(map[uint64]*Peer)}
	f.write = f.replace
	content, err := datadir.ReadSmallFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil && !errors.Is(err, datadir.ErrNotRegular):
		return nil, fmt.Errorf("gossip: %w", err)
	default:
		if err == nil {
			err = f.take(content)
		}
		if err != nil {
			if renameErr := f.putAside(); renameErr != nil {
				return nil, fmt.Errorf("gossip: %s is damaged (%w) and cannot be put aside: %w", path, err, renameErr)
			}
			log.Warn("the file of peers is damaged: it was put aside, and the sync group is looked for through the seeds",
				"file", path, "kept", path+brokenSuffix, "error", err)
		}
	}
	f.sample = time.NewTicker(versionsEvery)
	f.sample.Stop()
	var ctx context.Context
	ctx, f.stop = context.WithCancel(context.Background())
	f.wg.Go(func() { f.run(ctx) })
	return f, nil
}

func (f *File) putAside() error {
	if err := os.Rename(f.path, f.path+brokenSuffix); err != nil {
		return err
	}
	return datadir.SyncDir(filepath.Dir(f.path))
}

func (f *File) take(content []byte) error {
	d, err := parse(content)
	if err != nil {
		return err
	}
	for _, p := range d.Peers {
		if p.ID != f.self {
			f.peers[p.ID] = &p
		}
	}
	if d.Node == wire.Name(f.self) {
		f.removed, f.dropped, f.settled = d.Removed, d.Forgotten, d.versions
	}
	f.pruneLocked()
	return nil
}

// Close writes what is to be written, and ends.
func (f *File) Close() {
	f.stop()
	f.wg.Wait()
	f.mu.Lock()
	f.settleLocked(time.Now())
	dirty := f.dirty
	f.mu.Unlock()
	if dirty {
		f.saveLogged()
	}
}

func (f *File) run(ctx context.Context) {
	defer f.sample.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-f.sample.C:
			f.mu.Lock()
			f.settleLocked(time.Now())
			f.mu.Unlock()
		case <-time.After(time.Until(f.due())):
			f.saveLogged()
		}
	}
}

func (f *File) due() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.dirty:
		return time.Now().Add(refreshEvery)
	case f.failing:
		return f.written.Add(failedPause)
	}
	return f.written.Add(writePause)
}

// touchLocked has the file written soon.
func (f *File) touchLocked() {
	f.dirty = true
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *File) saveLogged() {
	f.mu.Lock()
	failing := f.failing
	f.mu.Unlock()
	if err := f.save(); err != nil && !failing {
		f.log.Error("the file of peers cannot be written: it is tried again", "file", f.path, "error", err)
	}
}

func (f *File) save() error {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	content, err := f.contentLocked()
	f.dirty, f.written = false, time.Now()
	f.mu.Unlock()
	if err == nil {
		err = f.write(content)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing = err != nil
	f.dirty = f.dirty || err != nil
	return err
}

func (f *File) replace(content []byte) error {
	return datadir.Replace(f.path, content, 0o600)
}

func (f *File) contentLocked() ([]byte, error) {
	f.pruneLocked()
	now := time.Now()
	d := document{Node: wire.Name(f.self), Removed: f.removed, Forgotten: f.dropped, versions: f.settled}
	for _, p := range f.peers {
		if p.alive {
			p.Seen = now
		}
		if p.Address != f.own {
			d.Peers = append(d.Peers, *p)
		}
	}
	return format(d)
}

// pruneLocked drops members that were not seen for long, counted to when any was: a node
// that was off for a year still knows where its group was.
func (f *File) pruneLocked() {
	var last time.Time
	for _, p := range f.peers {
		if p.Seen.After(last) {
			last = p.Seen
		}
	}
	for id, p := range f.peers {
		if !p.alive && last.Sub(p.Seen) > expireAfter {
			delete(f.peers, id)
		}
	}
	for len(f.peers) > wire.MaxNodes {
		f.dropOldestLocked()
	}
	for len(f.dropped) > wire.MaxNodes {
		f.dropped = f.dropped[1:]
	}
}

func (f *File) dropOldestLocked() {
	var oldest uint64
	for id, p := range f.peers {
		if o := f.peers[oldest]; o == nil || !p.alive && o.alive || p.alive == o.alive && p.Seen.Before(o.Seen) {
			oldest = id
		}
	}
	delete(f.peers, oldest)
}
