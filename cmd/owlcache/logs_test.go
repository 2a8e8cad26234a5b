package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func logConfig(t *testing.T, file string) *config {
	t.Helper()
	c, errs := resolveConfig(options(), parseConfigFile("f", []byte(file)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &c
}

func TestLogPath(t *testing.T) {
	dir := t.TempDir()
	for value, want := range map[string]string{
		"":                             "",
		dir:                            filepath.Join(dir, logFileName),
		filepath.Join(dir, "x") + "/":  filepath.Join(dir, "x", logFileName),
		filepath.Join(dir, "file.log"): filepath.Join(dir, "file.log"),
		"./log_file/":                  "log_file/owlcache.log",
	} {
		if got := logPath(value); got != want {
			t.Errorf("logPath(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestLogLines(t *testing.T) {
	var stderr strings.Builder
	l, err := openLogs(logConfig(t, "Log_Level warn"), nil, &stderr)
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
	l, err := openLogs(logConfig(t, "Logfile "+dir), nil, &stderr)
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
	files, err := filepath.Glob(filepath.Join(dir, "owlcache*.log"))
	if err != nil || len(files) != 2 {
		t.Errorf("7 MB of log are in %q, %v, want 2 files", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Size() > logFileMB<<20 || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %.100q", stderr.String())
	}
}

func TestLogFileThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openLogs(logConfig(t, "Logfile "+file+"/x.log"), nil, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "f:1: Logfile") {
		t.Errorf("error: %v", err)
	}
}
