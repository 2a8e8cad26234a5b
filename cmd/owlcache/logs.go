package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

const (
	logFileName = "owlcache.log" // in a Logfile that is a directory
	logFileMB   = 5              // the log file is rotated at this size
	logBackups  = 10             // rotated files that are kept
)

// logs is where log lines go: readable ones to a terminal, JSON into the log
// file, and JSON to a standard error that is no terminal if there is no file.
type logs struct {
	*slog.Logger
	file *logFile // nil without a log file
}

// openLogs opens the log file, if one is configured.
func openLogs(c *config, env []string, stderr io.Writer) (*logs, error) {
	var writers []io.Writer
	var file *logFile
	if path := logPath(c.text("Logfile")); path != "" {
		var err error
		if file, err = openLogFile(path); err != nil {
			return nil, fmt.Errorf("%s: Logfile: %w", c.get("Logfile").origin, err)
		}
		writers = append(writers, file)
	}
	switch {
	case isTerminal(stderr):
		writers = append(writers, zerolog.ConsoleWriter{Out: stderr, NoColor: lookupEnv(env, "NO_COLOR") != "", TimeFormat: time.DateTime})
	case file == nil:
		writers = append(writers, stderr)
	}
	level, err := zerolog.ParseLevel(c.text("Log_Level"))
	if err != nil {
		return nil, err
	}
	logger := zerolog.New(zerolog.MultiLevelWriter(writers...)).Level(level).Hook(stamp{})
	return &logs{Logger: slog.New(timeless{zerolog.NewSlogHandler(logger)}), file: file}, nil
}

// Rotate starts a new log file, if there is one.
func (l *logs) Rotate() error {
	if l.file == nil {
		return nil
	}
	return l.file.Rotate()
}

// Close closes the log file and waits for the removal of old ones.
func (l *logs) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// logPath turns the value of Logfile into the path of a file: a directory
// stands for a file of the usual name in it.
func logPath(value string) string {
	if value == "" {
		return ""
	}
	info, err := os.Stat(value)
	if strings.HasSuffix(value, "/") || err == nil && info.IsDir() {
		return filepath.Join(value, logFileName)
	}
	return filepath.Clean(value)
}

// tryLogFile finds out now, not at the first line, whether the file can be written.
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

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
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
