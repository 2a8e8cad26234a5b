package logs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/config"
)

func parsed(t *testing.T, file string) *config.Config {
	t.Helper()
	c, errs := config.Parse("f", []byte(file))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

func TestLogPath(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		value, want string
		isDir       bool
	}{
		{dir, filepath.Join(dir, mainFile), true},
		{filepath.Join(dir, "x") + "/", filepath.Join(dir, "x", mainFile), true},
		{filepath.Join(dir, "file.log"), filepath.Join(dir, "file.log"), false},
		{"./log_file/", "log_file/owl_run.log", true},
	} {
		if got, isDir := mainPath(tt.value); got != tt.want || isDir != tt.isDir {
			t.Errorf("mainPath(%q) = %q, %v", tt.value, got, isDir)
		}
	}
}

func TestLogLines(t *testing.T) {
	var stderr strings.Builder
	l, err := Open(parsed(t, "Log_Level warn"), nil, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	l.Info("not this")
	l.With("a", 1).WithGroup("g").Warn("this", "b", "x\ny")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(stderr.String()), &line); err != nil {
		t.Fatalf("%v: %q", err, stderr.String())
	}
	if line["message"] != "this" || line["level"] != "warn" || line["g.b"] != "x\ny" {
		t.Errorf("line %v", line)
	}
	if _, err := time.Parse(time.RFC3339Nano, line["time"].(string)); err != nil {
		t.Error(err)
	}
}

func TestLogFileIsRotated(t *testing.T) {
	dir := t.TempDir()
	var stderr strings.Builder
	l, err := Open(parsed(t, "Logfile "+dir), nil, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1<<20)
	for range 7 {
		l.Info(line)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "owl_run*.log"))
	if err != nil || len(files) != 2 {
		t.Errorf("7 MB of log are in %q, %v, want 2 files", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Size() > 5<<20 || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %.100q", stderr.String())
	}
}

// TestLogFileOnRequest: a new file is started only for lines that are in the way.
func TestLogFileOnRequest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	l, err := Open(parsed(t, "Logfile "+path), nil, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(times int) {
		t.Helper()
		for range times {
			if err := l.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
	}
	holds := func(path, text string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil || strings.Count(string(data), "\n") != 1 || !strings.Contains(string(data), text) {
			t.Errorf("%s: %q, %v, want one line with %q", path, data, err, text)
		}
	}
	rotate(3) // nothing has been written yet
	l.Info("the first line")
	rotate(20) // no more files than lines
	l.Info("the second line")
	old, err := filepath.Glob(filepath.Join(dir, "x-*.log"))
	if err != nil || len(old) != 1 {
		t.Fatalf("old files: %q, %v, want one", old, err)
	}
	holds(old[0], "the first line")
	holds(path, "the second line")

	if err := os.Rename(path, filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	rotate(1)
	l.Info("the third line")
	holds(path, "the third line")
	holds(filepath.Join(dir, "moved"), "the second line")

	// Moved away and replaced by an empty file.
	if err := os.Rename(path, filepath.Join(dir, "moved again")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rotate(1)
	l.Info("the fourth line")
	holds(path, "the fourth line")
	holds(filepath.Join(dir, "moved again"), "the third line")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if old, err := filepath.Glob(filepath.Join(dir, "x-*.log")); err != nil || len(old) != 1 {
		t.Errorf("old files: %q, %v, want one", old, err)
	}
}

func TestLogFileThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(parsed(t, "Logfile "+file+"/x.log"), nil, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "f:1: Logfile") {
		t.Errorf("error: %v", err)
	}
}
