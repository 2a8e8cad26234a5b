package tools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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
