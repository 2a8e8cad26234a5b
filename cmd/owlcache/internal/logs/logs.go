package logs

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
	fileMB  = 5  // a log file is rotated at this size
	backups = 10 // rotated files that are kept of each
)

// Logs is where log lines go: readable ones to a terminal, JSON into the log files, and
// JSON to a standard error that is no terminal if there is no file.
type Logs struct {
	*slog.Logger
	files // none if none is configured
}

// Open opens the log files, if any are configured.
func Open(c *config.Config, env []string, stderr io.Writer) (*Logs, error) {
	level, err := zerolog.ParseLevel(c.Logs.Level)
	if err != nil {
		return nil, err
	}
	var terminal io.Writer
	if term.IsTerminal(stderr) {
		terminal = zerolog.ConsoleWriter{Out: stderr, NoColor: config.LookupEnv(env, "NO_COLOR") != "", TimeFormat: time.DateTime}
	}
	if c.Logs.File == "" {
		if terminal == nil {
			terminal = stderr
		}
		return &Logs{Logger: slog.New(newHandler(terminal, level))}, nil
	}
	files, err := openFiles(c.Logs.File, stderr)
	if err != nil {
		return nil, fmt.Errorf("%s: Logfile: %w", c.Setting(&c.Logs.File).Origin, err)
	}
	return &Logs{Logger: slog.New(newByConcern(files, level, terminal)), files: files}, nil
}

// newHandler returns a handler that writes a line for each record of that level or
// above.
func newHandler(w io.Writer, level zerolog.Level) slog.Handler {
	return timeless{zerolog.NewSlogHandler(zerolog.New(w).Level(level).Hook(stamp{}))}
}

// mainPath turns the value of Logfile into the path of a file: a directory stands for
// files of the usual names in it, of which it is the main one.
func mainPath(value string) (path string, isDir bool) {
	info, err := os.Stat(value)
	if strings.HasSuffix(value, "/") || err == nil && info.IsDir() {
		return filepath.Join(value, mainFile), true
	}
	return filepath.Clean(value), false
}

// tryFile makes the file, if it is not there, and finds out whether it can be written.
func tryFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	return f.Close()
}

// checkFile is tryFile for a file that is made at its first line.
func checkFile(path string) error {
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
