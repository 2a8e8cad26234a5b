package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// warning is something that needs attention.
type warning struct {
	File    string `json:"file,omitempty"` // within the directory
	Message string `json:"message"`
}

func (w *warning) String() string {
	if w.File == "" {
		return term.Text(w.Message)
	}
	return term.Text(w.File) + ": " + term.Text(w.Message)
}

// From where on something is worth a warning.
const (
	oldSnapshot   = 24 * time.Hour
	longLog       = 128 << 20 // bytes that a restart replays
	clockAhead    = time.Minute
	freeWorthIt   = 4 << 20 // bytes
	warnedOfAKind = 5       // files
)

// warnings lists what needs attention, the worst first.
func (o *overview) warnings() []warning {
	list := []warning{}
	for i := range o.damage {
		list = append(list, warning{"", "damaged: " + o.damage[i].String()})
	}
	if n := o.damageTotal - len(o.damage); n > 0 {
		list = append(list, warning{"", fmt.Sprintf("%s more; all of them with: owlcache check", term.Count(int64(n), "damaged place"))})
	}
	list = append(list, o.dataWarnings()...)
	return append(list, o.fileWarnings()...)
}

// dataWarnings are those about snapshot, log and entries.
func (o *overview) dataWarnings() (list []warning) {
	s, l := &o.info.Snapshot, &o.info.Log
	running := o.info.Holder != ""
	if l.TornWhy != "" && !running && len(l.Segments) > 0 {
		list = append(list, warning{l.Segments[len(l.Segments)-1].Name, fmt.Sprintf(
			"%s from offset %d on are the torn end of a write that nobody was told of (%s); the next start cuts them off and keeps a copy", term.Count(l.TornBytes, "byte"), l.TornOffset, l.TornWhy)})
	}
	age := o.now.Sub(s.Saved)
	switch {
	case l.Bytes < longLog:
	case s.Present && age > oldSnapshot:
		list = append(list, warning{datadir.SnapshotFile, fmt.Sprintf("the last checkpoint was %s ago, and a restart replays %s: do checkpoints fail?", term.Span(age), term.Bytes(l.Bytes))})
	case !s.Present:
		list = append(list, warning{"", fmt.Sprintf("there was no checkpoint yet, and a restart replays %s: do checkpoints fail?", term.Bytes(l.Bytes))})
	}
	if s.FreeBytes > freeWorthIt && s.FreeBytes > s.FileBytes/2 {
		list = append(list, warning{datadir.SnapshotFile, fmt.Sprintf("%s of %s are free: \"owlcache compact\" gives them back", term.Bytes(s.FreeBytes), term.Bytes(s.FileBytes))})
	}
	if d := until(o.now.UnixMilli(), int64(o.newest>>16)); d > clockAhead {
		list = append(list, warning{"", fmt.Sprintf("the newest write is %s ahead of the clock of this machine", term.Span(d))})
	}
	return list
}

// fileWarnings are those about the files as such.
func (o *overview) fileWarnings() (list []warning) {
	f := &o.files
	if f.mode&0o077 != 0 {
		list = append(list, warning{"", fmt.Sprintf("other users may look into the directory (mode %04o): chmod 700", f.mode)})
	}
	for _, s := range f.open {
		list = append(list, warning{s.name, fmt.Sprintf("other users may read the password (mode %04o): chmod 600, and change it", s.mode.Perm())})
	}
	if o.noNode && !o.legacy {
		list = append(list, warning{datadir.NodeFile, "it is missing: the next start gives the node a new identity"})
	}
	if o.info.Holder == "" { // else they are being written
		list = append(list, o.about(f.tmp, "was being written when a process ended; the next start removes it")...)
	}
	list = append(list, o.about(f.kept, "is the end of a log that a crash had torn; nothing needs it")...)
	return append(list, o.about(f.old, "was kept when the data of 0.5.1 was taken over; nothing needs it")...)
}

// about says the same about some files.
func (o *overview) about(files []namedFile, what string) (list []warning) {
	for i, f := range files {
		if i == warnedOfAKind {
			return append(list, warning{"", fmt.Sprintf("and %d more like it", len(files)-i)})
		}
		list = append(list, warning{f.name, fmt.Sprintf("%s; it %s", term.Bytes(f.bytes), what)})
	}
	return list
}

// dirFiles is what lies in a data directory, by name and size alone.
type dirFiles struct {
	mode  fs.FileMode // of the directory
	total int64       // bytes of all files
	open  []namedFile // secrets that others may read
	tmp   []namedFile // files that were being written
	kept  []namedFile // ends of logs that were cut off
	old   []namedFile // files of 0.5.1
}

// namedFile is a file in the directory.
type namedFile struct {
	name  string // within the directory, with slashes
	bytes int64
	mode  fs.FileMode
}

// halfWritten matches what an interrupted write of a file may leave.
func halfWritten() *regexp.Regexp { return regexp.MustCompile(`^\.[a-z_]+\.json-?[0-9]+$`) }

// listFiles lists the directory and its log. A file that goes meanwhile is none.
func listFiles(dir string) (d dirFiles, err error) {
	fi, err := os.Stat(dir)
	if err != nil {
		return d, err
	}
	d.mode = fi.Mode().Perm()
	for _, sub := range []string{"", datadir.LogDir} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && (sub == "" || !errors.Is(err, fs.ErrNotExist)) {
			return d, err
		}
		for _, e := range entries {
			fi, err := e.Info()
			if err != nil {
				continue
			}
			d.add(namedFile{name: filepath.ToSlash(filepath.Join(sub, e.Name())), bytes: fi.Size(), mode: fi.Mode()})
		}
	}
	return d, nil
}

func (d *dirFiles) add(f namedFile) {
	base := filepath.Base(f.name)
	if f.mode.IsRegular() {
		d.total += f.bytes
	}
	switch {
	case strings.HasSuffix(base, datadir.TmpSuffix), halfWritten().MatchString(base):
		d.tmp = append(d.tmp, f)
	case strings.HasSuffix(base, ".broken"):
		d.kept = append(d.kept, f)
	case strings.HasSuffix(base, datadir.LegacySuffix):
		d.old = append(d.old, f)
	case f.name == datadir.SecretFile && f.mode.Perm()&0o077 != 0:
		d.open = append(d.open, f)
	}
}
