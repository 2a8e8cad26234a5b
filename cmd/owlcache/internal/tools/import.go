package tools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/dump"
)

// importFlags are the flags of the command import.
type importFlags struct {
	to     string
	node   client.Flags // with --addr
	prefix string
	from   int64
	keep   bool
	dryRun bool
	out    term.Output
}

func importCommand(p *term.Process) *cobra.Command {
	var flags importFlags
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Put the entries of an export into a data directory or a running node",
		Long: `Import reads what "owlcache export" has written, as it is or compressed with zstd or gzip, or the
owlcache.db of a 0.5.1 node, and puts its entries into a data directory on which no node runs
(--to, made if it does not exist), or into a running node (--addr).

An entry that is in the directory already, with the same value, creation and expiry, is not written
again: an import that was interrupted can simply be run once more. Expired entries are left out. At
a line that is wrong the import ends; the lines before it are imported.`,
		Example: "  owlcache import entries.ndjson --to /var/lib/owlcache\n  owlcache import --dry-run entries.ndjson\n" +
			"  owlcache export /var/lib/old --prefix user: | owlcache import - --addr 10.0.0.7:7721",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runImport(cmd.Context(), p, &flags, args[0])
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.to, "to", "", "data `directory` to import into")
	set.StringVar(&flags.node.Addr, "addr", "", "`address` of a running node to import into: host:port or URL")
	set.StringVar(&flags.prefix, "prefix", "", "only keys that begin with this `text`")
	set.Int64Var(&flags.from, "from-line", 1, "`number` of the first line to import")
	set.BoolVar(&flags.keep, "keep", false, "do not overwrite keys that are there")
	set.BoolVar(&flags.dryRun, "dry-run", false, "only read and check the file; write nothing")
	set.StringVar(&flags.node.PasswordFile, "password-file", "", "with --addr: `file` with the password (default OWLCACHE_PASS, else, on the node's machine, its configuration and data directory)")
	set.StringVar(&flags.node.Config.File, "config", "", "with --addr: configuration `file` of the server (default owlcache.conf if it is there)")
	set.DurationVar(&flags.node.Timeout, "timeout", 10*time.Second, "with --addr: `time` that a request may take")
	flags.node.TLS.Register(set, "with --addr: ")
	flags.out.Register(cmd)
	return cmd
}

// check refuses flags that do not go together.
func (f *importFlags) check() error {
	switch {
	case f.to != "" && f.node.Addr != "":
		return term.Usage(errors.New("--to and --addr: import into a directory or into a running node, not both"))
	case f.to == "" && f.node.Addr == "" && !f.dryRun:
		return term.Usage(errors.New("where to? name a data directory with --to, a running node with --addr, or only look with --dry-run"))
	case f.from < 1:
		return term.Usage(fmt.Errorf("flag --from-line %d: lines are counted from 1 on", f.from))
	case f.node.Timeout <= 0:
		return term.Usage(fmt.Errorf("flag --timeout %s: want a time above 0", f.node.Timeout))
	}
	return nil
}

// importer is one run of the command.
type importer struct {
	p           *term.Process
	flags       *importFlags
	file        string
	start       time.Time
	bar         *term.Bar
	report      dump.ImportReport
	closeTarget func() error // nil until it is open
}

func runImport(ctx context.Context, p *term.Process, flags *importFlags, file string) error {
	if err := flags.check(); err != nil {
		return err
	}
	im := importer{p: p, flags: flags, file: file, start: time.Now()}
	return im.explain(p.Work(ctx, "", func(ctx context.Context, bar *term.Bar) error {
		im.bar = bar
		return im.run(ctx)
	}))
}

// run imports, and gives back what that needs.
func (im *importer) run(ctx context.Context) (err error) {
	r, closeFile, err := im.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFile()) }()
	source, err := dump.NewSource(r)
	if err != nil {
		return fmt.Errorf("%s: %w", im.name(), err)
	}
	defer source.Close()
	o := dump.ImportOptions{Prefix: []byte(im.flags.prefix), From: im.flags.from, LeftOut: im.leftOut}
	switch {
	case im.flags.dryRun:
	case im.flags.node.Addr != "":
		o.Open = im.openNode
	default:
		o.Open = im.openDir
	}
	im.report, err = dump.Import(ctx, source, o)
	if _, ok := errors.AsType[*dump.LineError](err); ok {
		err = fmt.Errorf("%s: %w", im.name(), err)
	}
	if im.closeTarget != nil {
		err = errors.Join(err, im.closeTarget())
	}
	return err
}

// open opens the file.
func (im *importer) open(ctx context.Context) (r io.Reader, closeFile func() error, err error) {
	if im.file == "-" {
		return term.Reader(ctx, im.p.Stdin), func() error { return nil }, nil
	}
	f, err := os.Open(im.file)
	if err != nil {
		return nil, nil, term.Usage(err)
	}
	fi, err := f.Stat()
	switch {
	case err != nil:
		return nil, nil, errors.Join(err, f.Close())
	case fi.IsDir():
		return nil, nil, errors.Join(term.Usage(fmt.Errorf("%s is a directory: name a file; \"owlcache export\" makes one of a data directory", im.name())), f.Close())
	case !fi.Mode().IsRegular(): // a pipe
		return term.Reader(ctx, f), f.Close, nil
	}
	now := engine.Progress{Phase: "importing", Total: fi.Size()}
	return &datadir.ProgressReader{Reader: f, Progress: now, Tell: im.bar.Update}, f.Close, nil
}

// name is that of the file, for people.
func (im *importer) name() string {
	if im.file == "-" {
		return "standard input"
	}
	return term.Text(im.file)
}

func (im *importer) leftOut(e *dump.LineError) {
	im.bar.Note("%s: %v: left out", im.name(), e)
}

// openDir opens or makes the directory. It is the Open of dump.ImportOptions: as long
// as nothing in the file is good, nothing is made.
func (im *importer) openDir(ctx context.Context) (dump.Target, error) {
	dir, err := datadir.Open(im.flags.to)
	if _, ok := errors.AsType[*datadir.LockedError](err); ok {
		return nil, fmt.Errorf("%w; to import into a node that runs, name its address with --addr", err)
	}
	if err != nil {
		return nil, err
	}
	store, err := engine.Open(ctx, dir, engine.Options{
		SweepInterval: math.MaxInt64, // never: what is expired and deleted is left to the node
		Logger:        slog.New(slog.NewTextHandler(im.p.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
		Progress:      im.bar.Update,
	})
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	im.closeTarget = func() error { return errors.Join(store.Close(), dir.Close()) }
	return dump.NewStoreTarget(store, im.flags.keep), nil
}

// withoutTime drops the time of a log line.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
