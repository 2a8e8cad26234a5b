package logs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
)

// mainFile is the file, in a Logfile that is a directory, of what has none of its own.
const mainFile = "owl_run.log"

// Concern is the attribute of a logger that says what its records are about. It
// chooses the file.
const Concern = "log"

// concernFiles returns the names of the files by the value of Concern: those that
// 0.5.1 has used, without the time of the start in them.
func concernFiles() map[string]string {
	return map[string]string{
		"access":   "owl_http_single_node.log",
		"tcp":      "owl_tcp.log",
		"group":    "owl_http_group.log",
		"urlcache": "owl_uc.log",
		"sync":     "owl_gossip.log",
		"task":     "owl_task.log",
		"memory":   "owl_system_resource.log",
	}
}

// files are the log files that are open, by the value of Concern: that of "" is for all others.
type files map[string]*file

// openFiles opens what the value of Logfile says. What cannot be written is an error
// now, not at the first line.
func openFiles(value string, stderr io.Writer) (files, error) {
	path, isDir := mainPath(value)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	if err := tryFile(path, os.O_CREATE); err != nil {
		return nil, err
	}
	f := files{"": newFile(path, stderr)}
	if !isDir {
		return f, nil
	}
	for concern, name := range concernFiles() {
		f[concern] = newFile(filepath.Join(filepath.Dir(path), name), stderr)
		if err := tryFile(f[concern].path, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return f, nil
}

// Rotate starts new files.
func (f files) Rotate() error { return f.each((*file).Rotate) }

// Close closes the files and waits for the removal of old ones.
func (f files) Close() error { return f.each((*file).Close) }

func (f files) each(do func(*file) error) error {
	var errs []error
	for _, file := range f {
		errs = append(errs, do(file))
	}
	return errors.Join(errs...)
}

// byConcern is a handler that gives each record to the one for what its logger is about.
type byConcern struct {
	to     slog.Handler
	others map[string]slog.Handler // by the value of Concern; nil within a group
}

// newByConcern returns a handler that writes to files, and everything also to beside if
// that is not nil.
func newByConcern(files files, level zerolog.Level, beside io.Writer) slog.Handler {
	handler := func(file *file) slog.Handler {
		if beside == nil {
			return newHandler(file, level)
		}
		return newHandler(zerolog.MultiLevelWriter(file, beside), level)
	}
	h := byConcern{others: map[string]slog.Handler{}}
	for concern, file := range files {
		h.others[concern] = handler(file)
	}
	h.to = h.others[""]
	return h
}

func (h byConcern) Enabled(ctx context.Context, level slog.Level) bool {
	return h.to.Enabled(ctx, level)
}

func (h byConcern) Handle(ctx context.Context, r slog.Record) error { return h.to.Handle(ctx, r) }

// WithAttrs chooses the file, if attrs say what the records are about.
func (h byConcern) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := byConcern{to: h.to, others: make(map[string]slog.Handler, len(h.others))}
	for _, a := range attrs {
		if to := h.others[a.Value.String()]; a.Key == Concern && to != nil {
			next.to = to
		}
	}
	next.to = next.to.WithAttrs(attrs)
	for concern, other := range h.others {
		next.others[concern] = other.WithAttrs(attrs)
	}
	return next
}

func (h byConcern) WithGroup(name string) slog.Handler {
	return byConcern{to: h.to.WithGroup(name)}
}
