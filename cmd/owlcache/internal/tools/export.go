package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/dump"
	"owlcache/engine/view"
)

// exportFlags are the flags of the command export.
type exportFlags struct {
	localdir.Flags
	file          string
	prefix, after string
	resume, force bool
	skipDamaged   bool
}

func exportCommand(p *term.Process) *cobra.Command {
	var flags exportFlags
	cmd := &cobra.Command{
		Use:   "export [DIR]",
		Short: "Write the entries of a data directory as lines of JSON",
		Long: `Export writes the live entries of a data directory, one line of JSON each, sorted by key. Exports
of equal data are equal byte for byte. DIR is the data directory of the configuration unless it
is given; a node may run on it, and the export is of one moment.

With --out FILE, the lines go into FILE.part, which becomes FILE when it is whole. An export that
was interrupted goes on with --resume.`,
		Example: "  owlcache export /var/lib/owlcache --out entries.ndjson\n  owlcache export --prefix user: | zstd > users.ndjson.zst",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExport(cmd.Context(), p, &flags, args)
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.file, "out", "-", "`file` to write, - for the standard output")
	set.StringVar(&flags.prefix, "prefix", "", "only keys that begin with this `text`")
	set.StringVar(&flags.after, "after", "", "only keys behind this `key`, in the order of their bytes")
	set.BoolVar(&flags.resume, "resume", false, "go on with what an interrupted export has left in FILE.part")
	set.BoolVar(&flags.force, "force", false, "replace FILE, and what an interrupted export has left")
	set.BoolVar(&flags.skipDamaged, "skip-damaged", false, "leave out what is damaged, instead of ending there")
	flags.Register(cmd)
	return cmd
}

// exporter is one run of the command.
type exporter struct {
	p      *term.Process
	flags  *exportFlags
	start  time.Time
	damage localdir.Damage
	bar    *term.Bar
	file   *dump.File // nil for the standard output
	report dump.ExportReport
}

func runExport(ctx context.Context, p *term.Process, flags *exportFlags, args []string) error {
	if flags.file == "" || flags.file == "-" && (flags.resume || flags.force) {
		return term.Usage(errors.New("--resume and --force are for a file: name it with --out"))
	}
	dir, err := flags.Path(p, args)
	if err != nil {
		return err
	}
	if flags.file != "-" && term.LiesIn(flags.file, dir) {
		return term.Usage(fmt.Errorf("%s lies in the data directory: put it somewhere else", term.Text(flags.file)))
	}
	x := exporter{p: p, flags: flags, start: time.Now(), damage: localdir.Damage{Dir: dir}}
	err = p.Work(ctx, "", func(ctx context.Context, bar *term.Bar) error {
		if x.bar = bar; flags.file == "-" && term.IsTerminal(p.Stdout) {
			bar.Hide() // it would mix with the lines
		}
		return x.run(ctx, dir)
	})
	if flags.skipDamaged {
		return x.damage.Result(err)
	}
	return err
}

// run opens the directory first: if it is none, no file is made.
func (x *exporter) run(ctx context.Context, dir string) (err error) {
	o := view.Options{
		Prefix:   []byte(x.flags.prefix),
		Progress: x.bar.Update,
		Waiting:  x.bar.NoteCheckpoint,
	}
	if x.flags.skipDamaged {
		o.Damaged = x.damage.Add
	}
	v, err := view.Open(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if x.flags.file == "-" {
		if err := x.write(ctx, v, term.Writer(ctx, x.p.Stdout), []byte(x.flags.after)); err != nil {
			return err
		}
		return x.printReport()
	}
	return x.toFile(ctx, v)
}

// write exports the entries behind a key.
func (x *exporter) write(ctx context.Context, v *view.View, w io.Writer, after []byte) (err error) {
	x.report, err = dump.Export(ctx, v, w, dump.ExportOptions{After: after, At: v.Info().Time})
	x.bar.Clear()
	return err
}

// toFile exports into a file that appears when it is whole.
func (x *exporter) toFile(ctx context.Context, v *view.View) (err error) {
	x.file, err = dump.Create(x.flags.file, dump.FileOptions{Replace: x.flags.force, Resume: x.flags.resume})
	if err != nil {
		return x.explainFile(err)
	}
	after, err := x.resumeBehind()
	if err != nil {
		return errors.Join(err, x.file.Leave())
	}
	if err := x.write(ctx, v, x.file, after); err != nil {
		return x.leave(err)
	}
	if err := x.file.Finish(); err != nil {
		return fmt.Errorf("%w; the entries are in %s", x.explainFile(err), x.part())
	}
	return x.printReport()
}

// part is the name of the unfinished file, for people.
func (x *exporter) part() string { return term.Text(x.flags.file + dump.PartSuffix) }

// explainFile adds to an error of the file what to do.
func (x *exporter) explainFile(err error) error {
	switch {
	case errors.Is(err, dump.ErrFileExists):
		return term.Usage(fmt.Errorf("%w: replace it with --force, or name another file", err))
	case errors.Is(err, dump.ErrPartExists):
		return term.Usage(fmt.Errorf("%w: go on with it with --resume, or replace it with --force", err))
	case errors.Is(err, dump.ErrNoPart), errors.Is(err, dump.ErrNotRegular), errors.Is(err, dump.ErrForeign), errors.Is(err, fs.ErrNotExist):
		return term.Usage(err)
	}
	return err
}

// resumeBehind returns the key behind which to go on.
func (x *exporter) resumeBehind() ([]byte, error) {
	after := []byte(x.flags.after)
	kept := x.file.Kept()
	if kept.Lines == 0 {
		return after, nil
	}
	if !bytes.HasPrefix(kept.Last, []byte(x.flags.prefix)) || bytes.Compare(kept.Last, after) <= 0 {
		return nil, term.Usage(fmt.Errorf("%s was not made with this --prefix and --after: it ends with the key %s", x.part(), term.Key(kept.Last)))
	}
	if kept.Cut > 0 {
		x.bar.Note("%s had %s at its end that are no whole lines: cut off", x.part(), term.Count(kept.Cut, "byte"))
	}
	x.bar.Note("going on behind %s, key %s", term.Count(kept.Lines, "entry"), term.Key(kept.Last))
	return kept.Last, nil
}

// leave ends an export that is not whole: what there is can be gone on with.
func (x *exporter) leave(err error) error {
	if left := x.file.Leave(); left != nil {
		return errors.Join(err, left)
	}
	if n := x.file.Kept().Lines + x.report.Entries; n > 0 {
		x.bar.Note("%s has the first %s; the same command with --resume goes on behind them", x.part(), term.Count(n, "entry"))
	}
	return err
}

// exportResult is the report of an export for programs.
type exportResult struct {
	File       string           `json:"file"`
	Entries    int64            `json:"entries"`
	Resumed    int64            `json:"resumed"`
	Bytes      int64            `json:"bytes"`
	FileBytes  int64            `json:"file_bytes"`
	Expired    int64            `json:"expired"`
	Tombstones int64            `json:"tombstones"`
	Complete   bool             `json:"complete"`
	Damage     []localdir.Place `json:"damage"`
	Seconds    float64          `json:"seconds"`
}

// printReport says what was done, on the standard error unless that leaves the
// standard output to the report.
func (x *exporter) printReport() error {
	r := exportResult{
		File: x.flags.file, Entries: x.report.Entries, Bytes: x.report.Bytes, FileBytes: x.report.OutBytes,
		Expired: x.report.Expired, Tombstones: x.report.Deleted,
		Complete: x.damage.Total == 0, Damage: append([]localdir.Place{}, x.damage.Places...), Seconds: time.Since(x.start).Seconds(),
	}
	if x.file != nil {
		r.Resumed = x.file.Kept().Lines
		r.FileBytes += x.file.Kept().Bytes
	}
	switch {
	case !x.flags.Out.JSON():
		return r.print(x.p.Stderr)
	case x.file != nil:
		return x.p.PrintJSON(&r)
	}
	return json.NewEncoder(x.p.Stderr).Encode(&r)
}

// print writes the report for people.
func (r *exportResult) print(w io.Writer) error {
	target := ""
	if r.File != "-" {
		target = " to " + term.Text(r.File)
	}
	resumed := ""
	if r.Resumed > 0 {
		resumed = " behind " + term.Count(r.Resumed, "entry") + " that were there"
	}
	_, err := fmt.Fprintf(w, "owlcache: exported %s%s (%s of keys and values)%s in %s\n",
		term.Count(r.Entries, "entry"), target, humanize.IBytes(uint64(r.Bytes)), resumed, term.Seconds(r.Seconds))
	return err
}
