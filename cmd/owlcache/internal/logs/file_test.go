package logs

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// linesOf returns the lines of a log file, none if it is not there.
func linesOf(t *testing.T, path string) (lines []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(data)) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v: %q", path, err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

// In a directory each concern has a file.
func TestLogFilesByConcern(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(parsed(t, "Logfile "+dir), nil, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	l.Info("first")
	for concern := range concernFiles() {
		l.About(concern).With("a", 1, "b", 2).With("c", 3).Warn("one of "+concern, "d", 4)
	}
	l.About("what has no file").Info("second")
	l.With("other", "task").Info("third")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	messages := func(file string) (list []string) {
		for _, line := range linesOf(t, filepath.Join(dir, file)) {
			list = append(list, line["message"].(string))
		}
		return list
	}
	for concern, file := range concernFiles() {
		want := "one of " + concern
		if got := strings.Join(messages(file), ", "); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
		line := linesOf(t, filepath.Join(dir, file))[0]
		if line["a"] != 1.0 || line["b"] != 2.0 || line["c"] != 3.0 || line["d"] != 4.0 || line["log"] != concern || line["level"] != "warn" {
			t.Errorf("%s: %v", file, line)
		}
	}
	if got := strings.Join(messages(mainFile), ", "); got != "first, second, third" {
		t.Errorf("%s: %q", mainFile, got)
	}
}

// A file holds everything.
func TestOneLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	l, err := Open(parsed(t, "Logfile "+path), nil, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	l.About("task").Info("one")
	l.Info("two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := linesOf(t, path); len(got) != 2 || got[0]["log"] != "task" {
		t.Errorf("%v", got)
	}
	if others, err := os.ReadDir(filepath.Dir(path)); err != nil || len(others) != 1 {
		t.Errorf("%v, %v", others, err)
	}
}

// SIGHUP rotates all files, and makes none for what has nothing to say.
func TestLogFilesOnRequest(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(parsed(t, "Logfile "+dir), nil, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	task := l.About("task")
	task.Info("one")
	for range 3 {
		if err := l.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	task.Info("two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 { // owl_run.log, owl_task.log and the old one of that
		t.Errorf("%q, %v", files, err)
	}
	if got := linesOf(t, filepath.Join(dir, "owl_task.log")); len(got) != 1 || got[0]["message"] != "two" {
		t.Errorf("%v", got)
	}
}

// One file that cannot be written is told of at the start.
func TestLogFilesThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "owl_task.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(parsed(t, "Logfile "+dir), nil, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "owl_task.log") {
		t.Errorf("%v", err)
	}
}

// A full disk costs lines, and one word about it.
func TestLogOnAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	var stderr strings.Builder
	l, err := Open(parsed(t, "Logfile /dev/full"), nil, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := l.Handler().Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "x", 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "/dev/full loses lines") {
		t.Errorf("%q", got)
	}
}
