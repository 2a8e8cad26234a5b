package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/engine/datadir"
)

// ErrUnknownMember is returned by Remove.
var ErrUnknownMember = errors.New("there is no such member")

// ErrFileGone is returned by Add and Remove for a list whose file was there a moment ago:
// somebody may be about to put another one in its place.
var ErrFileGone = errors.New("the file of the list has just gone: try again in a few seconds")

// ErrListFull is returned by Add.
var ErrListFull = fmt.Errorf("the list has %d members already, which is the most", MaxMembers)

const watchInterval = time.Second // between two looks at the files

// ListOptions of lists.
type ListOptions struct {
	Logger *slog.Logger // is told of edits that were taken up, and of those that could not be; default: nobody
}

// Lists are the lists of members of both groups.
type Lists struct {
	Owlcache *List
	Gossip   *List
}

// OpenLists reads the lists in dir. A file that is not there is an empty list, one that
// holds no list is a *FileError.
func OpenLists(dir *datadir.Dir, o ListOptions) (*Lists, error) {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	owlcache, err := openList(dir, datadir.GroupFile, o.Logger)
	gossip, gossipErr := openList(dir, datadir.GossipFile, o.Logger)
	if err := errors.Join(err, gossipErr); err != nil {
		return nil, err
	}
	return &Lists{Owlcache: owlcache, Gossip: gossip}, nil
}

// Watch takes up edits of the files until ctx ends. An edit counts when its file has
// been left alone for a second: the program that writes it may not be done.
func (l *Lists) Watch(ctx context.Context) {
	for Pause(ctx, watchInterval) {
		l.Owlcache.poll()
		l.Gossip.poll()
	}
}

// Reload takes up edits of both files at once. A file with a mistake leaves its list as
// it was, which is logged as by Watch.
func (l *Lists) Reload() {
	l.Owlcache.reload()
	l.Gossip.reload()
}

// List is the list of members of a group. All methods may be called concurrently.
type List struct {
	dir    *datadir.Dir
	name   string // of the file
	logger *slog.Logger

	state atomic.Pointer[listState]

	mu     sync.Mutex // protects what follows, and writing the file
	read   fileState  // of the file when it was last read
	passed fileState  // when it was last looked at
	wrong  bool       // it held no list when it was last read
	blind  bool       // it could not be read when that was last tried
}

// listState is a list at one moment. Nothing in it changes but that changed is closed.
type listState struct {
	members []string
	changed chan struct{}
}

func openList(dir *datadir.Dir, name string, logger *slog.Logger) (*List, error) {
	l := &List{dir: dir, name: name, logger: logger}
	members, seen, err := readList(l.path())
	switch {
	case errors.Is(err, ErrEmptyFile):
		logger.Warn("the file of a group is empty, as after a write that was interrupted; it counts as a list without members", "file", l.path())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	l.read, l.passed = seen, seen
	l.state.Store(&listState{members, make(chan struct{})})
	return l, nil
}

func (l *List) path() string { return l.dir.File(l.name) }

// Members returns the addresses in their order. The slice is not to be changed: a
// change of the list makes another one.
func (l *List) Members() []string { return l.state.Load().members }

// Has tells whether there is a member of this address, as ParseAddress returns it.
func (l *List) Has(address string) bool { return slices.Contains(l.Members(), address) }

// Changed returns a channel that is closed at the next change of the list. Who follows
// the list asks for the channel first and for the members then.
func (l *List) Changed() <-chan struct{} { return l.state.Load().changed }

// Add adds a member, durably, and returns its address as the list has it, and whether it
// is new: one that is there stays where it is. The error wraps ErrAddress, is ErrListFull,
// a *FileError if somebody has left a mistake in the file, ErrFileGone, or one of the disk.
// After an error the list is as it was.
func (l *List) Add(address string) (member string, isNew bool, err error) {
	if member, err = ParseAddress(address); err != nil {
		return "", false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.catchUpLocked(); err != nil {
		return "", false, err
	}
	members := l.Members()
	switch {
	case l.Has(member):
		return member, false, nil
	case len(members) >= MaxMembers:
		return "", false, ErrListFull
	}
	err = l.writeLocked(append(slices.Clone(members), member))
	return member, err == nil, err
}

// Remove removes a member, durably, and returns its address as the list had it. The error
// wraps ErrAddress, is ErrUnknownMember, or one of Add.
func (l *List) Remove(address string) (member string, err error) {
	if member, err = ParseAddress(address); err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.catchUpLocked(); err != nil {
		return "", err
	}
	at := slices.Index(l.Members(), member)
	if at < 0 {
		return "", ErrUnknownMember
	}
	return member, l.writeLocked(slices.Delete(slices.Clone(l.Members()), at, at+1))
}

func (l *List) writeLocked(members []string) error {
	content, err := formatList(members)
	if err != nil {
		return err
	}
	if err := l.writeFile(content); err != nil {
		return err
	}
	// l.read stays, so that the file is read again: an edit may have come right behind.
	l.wrong = false
	l.publishLocked(members)
	return nil
}

func (l *List) publishLocked(members []string) {
	close(l.state.Swap(&listState{members, make(chan struct{})}).changed)
}
