package logs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// Logs is where log lines go: readable ones to a terminal, JSON into the log files, and
// JSON to a standard error that is no terminal if there is no file.
type Logs struct {
	*slog.Logger
	files                            // none if none is configured
	handlers map[string]slog.Handler // by concern, as files
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
	l := &Logs{files: files, handlers: map[string]slog.Handler{}}
	for concern, file := range files {
		var w io.Writer = file
		if terminal != nil {
			w = zerolog.MultiLevelWriter(file, terminal)
		}
		l.handlers[concern] = newHandler(w, level)
	}
	l.Logger = slog.New(l.handlers[""])
	return l, nil
}

// About returns the logger of a concern, such as "sync". Its lines name it, and go to its file.
func (l *Logs) About(concern string) *slog.Logger {
	logger := l.Logger
	if to := l.handlers[concern]; to != nil {
		logger = slog.New(to)
	}
	return logger.With("log", concern)
}

// NewTask returns the logger of what runs in the background. Its records at debug tell
// of what was done; with Task_OutputSuccessLog 1 they count as info.
func NewTask(c *config.Config, logs *Logs) *slog.Logger {
	logger := logs.About("task")
	if c.Tasks.LogSuccess {
		return slog.New(adapted{logger.Handler(), slog.LevelInfo})
	}
	return logger
}

// newHandler returns a handler that writes a line for each record of that level or above.
func newHandler(w io.Writer, level zerolog.Level) slog.Handler {
	return adapted{zerolog.NewSlogHandler(zerolog.New(w).Level(level).Hook(stamp{})), math.MinInt}
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

// tryFile finds out whether the file can be written, and makes it if flag is os.O_CREATE.
func tryFile(path string, flag int) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|flag, 0o640)
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

// adapted changes records on their way to another handler.
type adapted struct {
	slog.Handler
	// least is the level that records below it count as.
	least slog.Level
}

func (h adapted) Enabled(ctx context.Context, level slog.Level) bool {
	return h.Handler.Enabled(ctx, max(level, h.least))
}

// Handle also takes the time off: stamp writes one that has milliseconds, and the format of this
// one could be changed for the whole process only.
func (h adapted) Handle(ctx context.Context, r slog.Record) error {
	r.Time, r.Level = time.Time{}, max(r.Level, h.least)
	return h.Handler.Handle(ctx, r)
}

func (h adapted) WithAttrs(attrs []slog.Attr) slog.Handler {
	return adapted{h.Handler.WithAttrs(attrs), h.least}
}

func (h adapted) WithGroup(name string) slog.Handler {
	return adapted{h.Handler.WithGroup(name), h.least}
}
