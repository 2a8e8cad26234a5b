package datadir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Dir is a locked data directory.
type Dir struct {
	place
	node node
}

// place is a directory, and the lock on it.
type place struct {
	path string
	lock *flock.Flock // nil if there is none
}

// LockedError is returned by Open when another process holds the directory.
type LockedError struct {
	Path   string // of the directory
	Holder string // what the lock file says of it, on one line
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("data directory %s is in use by %s: stop that process, or choose another directory", e.Path, e.Holder)
}

// Open creates the directory (mode 0700) or opens it, locks it (a *LockedError
// says who holds it), checks its format version (a *FormatError if it is newer
// than this program), reads or makes the node's identity, and removes what
// interrupted writes have left. A directory with an unfinished restore is refused.
func Open(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := checkRestored(path); err != nil {
		return nil, err
	}
	if err := prepare(path); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	d := &Dir{place: place{path, flock.New(filepath.Join(path, LockFile), flock.SetPermissions(0o600))}}
	locked, err := d.lock.TryLock()
	for try := 0; err == nil && !locked && try < lockTries; try++ {
		time.Sleep(lockPause)
		locked, err = d.lock.TryLock()
	}
	if err != nil {
		return nil, fmt.Errorf("lock data directory %s: %w", path, err)
	}
	if !locked {
		return nil, &LockedError{Path: path, Holder: d.holder()}
	}
	if err := d.begin(); err != nil {
		return nil, errors.Join(err, d.lock.Unlock())
	}
	return d, nil
}

// A command that looks who holds the lock has it for a moment itself.
const (
	lockTries = 5
	lockPause = 10 * time.Millisecond
)

func (d *Dir) begin() (err error) {
	if err := checkRestored(d.path); err != nil { // it may have begun since
		return err
	}
	if d.node, err = readNode(d.File(NodeFile)); errors.Is(err, fs.ErrNotExist) {
		d.node, err = d.makeNode()
	}
	if err != nil {
		return err
	}
	if err := d.removeLeftovers(); err != nil {
		return err
	}
	holder := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	// Only information: a full disk must not keep a node from serving what it has.
	if err := os.WriteFile(d.File(LockFile), []byte(holder), 0o600); err != nil && !isFull(err) {
		return err
	}
	return nil
}

// prepare makes the directory. One that is new to us is closed to others.
func prepare(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); name != "README.md" && name != ".gitignore" {
			return nil
		}
	}
	if err := os.Chmod(path, 0o700); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // it belongs to somebody else, who lets us in
}

// holder returns what the lock file says.
func (p *place) holder() string {
	b, err := ReadSmallFile(p.File(LockFile))
	if s := strings.TrimSpace(string(b)); err == nil && s != "" {
		return strings.Join(strings.Fields(s), " ")
	}
	return "another process"
}

// Path returns the absolute path of the directory.
func (p *place) Path() string { return p.path }

// File returns the path of a file in the directory.
func (p *place) File(name string) string { return filepath.Join(p.path, name) }

// Close releases the lock. A second Close does nothing.
func (p *place) Close() error {
	if p.lock == nil {
		return nil
	}
	return p.lock.Unlock()
}

// NodeID returns the node's id, which is never 0.
func (d *Dir) NodeID() uint64 { return d.node.id }

// Created returns when the directory was first opened.
func (d *Dir) Created() time.Time { return d.node.created }

// leftover matches what an interrupted WriteFile leaves.
var leftover = regexp.MustCompile(`^\.[a-z_]+\.json-?[0-9]+$`)

// IsLeftover tells whether a file of this name is what an interrupted write leaves:
// Open removes it.
func IsLeftover(name string) bool {
	return strings.HasSuffix(name, TmpSuffix) || leftover.MatchString(name)
}

// removeLeftovers removes files that were being written when a process died. The
// log's own directory is cleaned by the log.
func (d *Dir) removeLeftovers() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !IsLeftover(e.Name()) {
			continue
		}
		if err := os.Remove(d.File(e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// The names of everything in a data directory.
const (
	LockFile     = "LOCK"
	NodeFile     = "node.json"
	SecretFile   = "secret.json"
	SnapshotFile = "owlcache.db"
	LogDir       = "wal"

	GroupFile  = "server_group_config.json"
	GossipFile = "server_group_gossip_config.json"
	PeersFile  = "peers.json"
	SitesFile  = "sites.xml"

	// LegacyAuthFile holds the log-ins of a 0.5.1 node.
	LegacyAuthFile = "auth.db"
	// LegacySuffix is added to the name of a file that was taken over.
	LegacySuffix = ".legacy"
	// TmpSuffix marks a file that is being written. Open removes what is left of them.
	TmpSuffix = ".tmp"
)

// Progress of what takes long in a directory: Done of Total Units.
type Progress struct {
	Phase       string // "snapshot" or "log"
	Done, Total int64
	Unit        string // "keys" or "bytes"
}

// ProgressReader tells how far a file has been read.
type ProgressReader struct {
	io.Reader
	Progress                // Phase, and the Total, in bytes; 0 = not known
	Tell     func(Progress) // may be nil
}

func (r *ProgressReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.Done += int64(n); r.Tell != nil && r.Total > 0 {
		r.Unit = "bytes"
		r.Tell(r.Progress)
	}
	return n, err
}
