package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// transcript is a file of testdata/transcript.
type transcript struct {
	name  string
	each  []string // settings with which it is played, one at a time
	steps []transcriptStep
	files []txtar.File
	lines []string // all but the files
}

// transcriptStep is a directive, or what a client sends, with the answer.
type transcriptStep struct {
	line      int // from 1
	directive []string
	request   []string
	answer    []string
	first     int      // index of the first line of the answer
	found     []string // what was answered instead
}

// readTranscript reads a file.
func readTranscript(path string) (*transcript, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	archive := txtar.Parse(content)
	tr := &transcript{name: filepath.Base(path), files: archive.Files}
	tr.lines = strings.Split(strings.TrimSuffix(string(archive.Comment), "\n"), "\n")
	for i, line := range tr.lines {
		if err := tr.add(i, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	return tr, nil
}

// add takes in the line of an index.
func (tr *transcript) add(i int, line string) error {
	kind, text, _ := strings.Cut(line, " ")
	words := strings.Fields(text)
	switch {
	case line == "" || kind == "#":
	case kind == "@" && len(words) > 1 && words[0] == "each":
		tr.each = words[1:]
	case kind == "@" && len(words) > 1:
		tr.steps = append(tr.steps, transcriptStep{line: i + 1, directive: words, first: i + 1})
	case kind == ">":
		step := tr.last()
		if step == nil || step.directive != nil || len(step.answer) > 0 {
			tr.steps = append(tr.steps, transcriptStep{line: i + 1})
			step = tr.last()
		}
		step.request = append(step.request, text)
		step.first = i + 1
	case kind == "<":
		step := tr.last()
		if step == nil || step.directive != nil && !hasAnswer(step.directive) {
			tr.steps = append(tr.steps, transcriptStep{line: i + 1, first: i})
			step = tr.last()
		}
		step.answer = append(step.answer, text)
	default:
		return fmt.Errorf("%q: want a line that starts with #, @, > or <", line)
	}
	return nil
}

func (tr *transcript) last() *transcriptStep {
	if len(tr.steps) == 0 {
		return nil
	}
	return &tr.steps[len(tr.steps)-1]
}

// hasAnswer tells whether a directive is a question.
func hasAnswer(directive []string) bool { return directive[0] == "file" || directive[0] == "origin" }

// write writes the file with the answers that were found.
func (tr *transcript) write(path string) error {
	lines := slices.Clone(tr.lines)
	for i := len(tr.steps) - 1; i >= 0; i-- {
		s := tr.steps[i]
		if s.found == nil {
			continue
		}
		var answer []string
		for _, line := range s.found {
			answer = append(answer, strings.TrimRight("< "+line, " "))
		}
		lines = slices.Replace(lines, s.first, s.first+len(s.answer), answer...)
	}
	return os.WriteFile(path, txtar.Format(&txtar.Archive{Comment: []byte(strings.Join(lines, "\n") + "\n"), Files: tr.files}), 0o600)
}
