package main

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

// Bounds of a damageList: how many places are kept, and how many a person is shown.
const (
	damageKept  = 1000
	damageShown = 10
)

// damagedPlace is a place that could not be read.
type damagedPlace struct {
	File    string `json:"file"`   // within the directory, if it lies there
	Offset  int64  `json:"offset"` // in bytes, -1 if it is not known
	Problem string `json:"problem"`
}

func (d *damagedPlace) String() string {
	at := ""
	if d.Offset >= 0 {
		at = fmt.Sprintf(", offset %d", d.Offset)
	}
	return term.Text(d.File) + at + ": " + term.Text(d.Problem)
}

// damageList collects the damaged places of a directory, each once. It is used by one
// goroutine at a time, as a View is.
type damageList struct {
	dir string
	// found, if set, is told of each place, again if it is met again.
	found func(damagedPlace)

	places []damagedPlace
	seen   map[damagedPlace]bool
	total  int
}

// add takes what a View could not read.
func (l *damageList) add(e *engine.CorruptError) {
	l.put(damagedPlace{File: nameWithin(l.dir, e.Path), Offset: e.Offset, Problem: e.Reason})
}

func (l *damageList) put(d damagedPlace) {
	if l.found != nil {
		l.found(d)
	}
	if l.seen[d] {
		return
	}
	l.total++
	if len(l.places) < damageKept {
		if l.seen == nil {
			l.seen = map[damagedPlace]bool{}
		}
		l.seen[d] = true
		l.places = append(l.places, d)
	}
}

// ofData tells whether a place is one that a start looks at, and refuses.
func (d *damagedPlace) ofData() bool {
	return d.File == datadir.SnapshotFile || d.File == datadir.NodeFile || d.inLog()
}

func (d *damagedPlace) inLog() bool {
	return d.File == datadir.LogDir || path.Dir(d.File) == datadir.LogDir
}

// result returns what a command ends with: err, or, if anything is damaged, an error
// that names the places and has the exit code for damage.
func (l *damageList) result(err error) error {
	var corrupt *engine.CorruptError
	if errors.As(err, &corrupt) {
		l.add(corrupt)
		err = nil
	}
	if l.total == 0 {
		return err
	}
	var lines []string
	var exit *term.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Err != nil) {
		lines = append(lines, err.Error())
	}
	for i := range l.places {
		if i == damageShown {
			lines = append(lines, fmt.Sprintf("and %d more", l.total-i))
			break
		}
		lines = append(lines, "damaged: "+l.places[i].String())
	}
	dir := shellWord(l.dir)
	lines = append(lines, "what is damaged was left out; to see all of it: owlcache check "+dir)
	if slices.ContainsFunc(l.places, func(d damagedPlace) bool { return d.ofData() }) {
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
