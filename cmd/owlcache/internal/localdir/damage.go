package localdir

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// Shown is how many places a person is shown.
const Shown = 10

// kept is how many places a Damage keeps.
const kept = 1000

// Place is a place that could not be read.
type Place struct {
	File    string `json:"file"`   // within the directory, if it lies there
	Offset  int64  `json:"offset"` // in bytes, -1 if it is not known
	Problem string `json:"problem"`
}

func (d *Place) String() string {
	at := ""
	if d.Offset >= 0 {
		at = fmt.Sprintf(", offset %d", d.Offset)
	}
	return term.Text(d.File) + at + ": " + term.Text(d.Problem)
}

// Damage collects the damaged places of a directory, each once. It is used by one
// goroutine at a time, as a View is.
type Damage struct {
	Dir string
	// Found, if set, is told of each place, again if it is met again.
	Found func(Place)

	Places []Place // each once, not more than are kept
	Total  int
	seen   map[Place]bool
}

// Add takes what a View could not read.
func (l *Damage) Add(e *engine.CorruptError) {
	l.Put(Place{File: nameWithin(l.Dir, e.Path), Offset: e.Offset, Problem: e.Reason})
}

// Put takes a place.
func (l *Damage) Put(d Place) {
	if l.Found != nil {
		l.Found(d)
	}
	if l.seen[d] {
		return
	}
	l.Total++
	if len(l.Places) < kept {
		if l.seen == nil {
			l.seen = map[Place]bool{}
		}
		l.seen[d] = true
		l.Places = append(l.Places, d)
	}
}

// OfData tells whether a place is one that a start looks at, and refuses.
func (d *Place) OfData() bool {
	return d.File == datadir.SnapshotFile || d.File == datadir.NodeFile || d.InLog()
}

// InLog tells whether a place is in the log.
func (d *Place) InLog() bool {
	return d.File == datadir.LogDir || path.Dir(d.File) == datadir.LogDir
}

// Result returns what a command ends with: err, or, if anything is damaged, an error
// that names the places and has the exit code for damage.
func (l *Damage) Result(err error) error {
	if corrupt, ok := errors.AsType[*engine.CorruptError](err); ok {
		l.Add(corrupt)
		err = nil
	}
	if l.Total == 0 {
		return err
	}
	var lines []string
	if exit, ok := errors.AsType[*term.ExitError](err); err != nil && (!ok || exit.Err != nil) {
		lines = append(lines, err.Error())
	}
	for i := range l.Places {
		if i == Shown {
			lines = append(lines, fmt.Sprintf("and %d more", l.Total-i))
			break
		}
		lines = append(lines, "damaged: "+l.Places[i].String())
	}
	dir := shellWord(l.Dir)
	lines = append(lines, "what is damaged was left out; to see all of it: owlcache check "+dir)
	if slices.ContainsFunc(l.Places, func(d Place) bool { return d.OfData() }) {
		lines = append(lines, "to save the rest: owlcache repair --to NEWDIR "+dir)
	}
	return term.Exit(term.CodeCorrupt, errors.New(strings.Join(lines, "\n")))
}

// nameWithin returns the name of a file within dir, with slashes, if it lies there.
func nameWithin(dir, file string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return file
	}
	name, err := filepath.Rel(abs, file)
	if err != nil || name == ".." || strings.HasPrefix(name, "../") {
		return file
	}
	return filepath.ToSlash(name)
}

// shellWord renders a word so that a line with it can be pasted into a shell.
func shellWord(word string) string {
	word = term.Text(word)
	if strings.ContainsAny(word, " \t'\"\\$`!*?[](){}<>|&;#~") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
