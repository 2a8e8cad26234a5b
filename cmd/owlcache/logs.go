package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

const (
	logFileMB  = 5  // a log file is rotated at this size
	logBackups = 10 // rotated files that are kept of each
)

// logs is where log lines go: readable ones to a terminal, JSON into the log files, and
// JSON to a standard error that is no terminal if there is no file.
type logs struct {
	*slog.Logger
	files *logFiles // without any if none is configured
}

// openLogs opens the log files, if any are configured.
func openLogs(c *config.Config, env []string, stderr io.Writer) (*logs, error) {
	level, err := zerolog.ParseLevel(c.Text("Log_Level"))
	if err != nil {
		return nil, err
	}
	var terminal io.Writer
	if term.IsTerminal(stderr) {
		terminal = zerolog.ConsoleWriter{Out: stderr, NoColor: config.LookupEnv(env, "NO_COLOR") != "", TimeFormat: time.DateTime}
	}
	value := c.Text("Logfile")
	switch {
	case value == "" && terminal == nil:
		return &logs{Logger: slog.New(newLogHandler(stderr, level)), files: &logFiles{}}, nil
	case value == "":
		return &logs{Logger: slog.New(newLogHandler(terminal, level)), files: &logFiles{}}, nil
	}
	files, err := openLogFiles(value, stderr)
	if err != nil {
		return nil, fmt.Errorf("%s: Logfile: %w", c.Get("Logfile").Origin, err)
	}
	return &logs{Logger: slog.New(newByConcern(files, level, terminal)), files: files}, nil
}

// newLogHandler returns a handler that writes a line for each record of that level or
// above.
func newLogHandler(w io.Writer, level zerolog.Level) slog.Handler {
	return timeless{zerolog.NewSlogHandler(zerolog.New(w).Level(level).Hook(stamp{}))}
}

// Rotate starts new log files, if there are any.
func (l *logs) Rotate() error { return l.files.Rotate() }

// Close closes the log files and waits for the removal of old ones.
func (l *logs) Close() error { return l.files.Close() }

// logPath turns the value of Logfile into the path of a file: a directory stands for
// files of the usual names in it, of which it is the main one.
func logPath(value string) (path string, isDir bool) {
	info, err := os.Stat(value)
	if strings.HasSuffix(value, "/") || err == nil && info.IsDir() {
		return filepath.Join(value, mainLogFile), true
	}
	return filepath.Clean(value), false
}

// tryLogFile makes the file, if it is not there, and finds out whether it can be written.
func tryLogFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	return f.Close()
}

// checkLogFile is tryLogFile for a file that is made at its first line.
func checkLogFile(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// stamp adds the time to a line, in UTC and with milliseconds.
type stamp struct{}

func (stamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}

// timeless takes the time off the records, because stamp writes one that has
// milliseconds: the format of the other could only be changed for the whole
// process.
type timeless struct{ slog.Handler }

func (h timeless) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Time{}
	return h.Handler.Handle(ctx, r)
}

func (h timeless) WithAttrs(attrs []slog.Attr) slog.Handler {
	return timeless{h.Handler.WithAttrs(attrs)}
}

func (h timeless) WithGroup(name string) slog.Handler {
	return timeless{h.Handler.WithGroup(name)}
}
