package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/backup"
)

// backupFlags are the flags of the command backup.
type backupFlags struct {
	localdir.Flags
	file           string
	force          bool
	withoutSecrets bool
	store          bool
}

func backupCommand(p *term.Process) *cobra.Command {
	var flags backupFlags
	cmd := &cobra.Command{
		Use:   "backup [DIR] --out FILE|-",
		Short: "Save a data directory, also of a running node, in one file",
		Long: `Backup writes a data directory, as it is at one moment, into one file: a tar file compressed with
zstd, with a manifest that has the size and SHA-256 of each file in it. A node may run on the
directory; it reads and writes on, but folds its log only when the backup is done. All checksums in
the directory are verified on the way: a damaged one is not backed up.

The file holds the password and the token secret of the node, if the node made them, unless
--without-secrets is given: guard it like the directory.

Exit code 0: the file is whole and on the disk. 7: the directory is damaged. 130: interrupted.
1: failed. In all cases but the first there is no file.`,
		Example: "  owlcache backup --out owlcache.tar.zst\n  owlcache backup /var/lib/owlcache --out - | ssh backup 'cat >owlcache.tar.zst'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBackup(cmd.Context(), p, &flags, args)
		},
	}
	flags.Register(cmd)
	set := cmd.Flags()
	set.StringVar(&flags.file, "out", "", "`file` to write, - is the standard output")
	set.BoolVar(&flags.force, "force", false, "replace the file if it exists")
	set.BoolVar(&flags.withoutSecrets, "without-secrets", false, "leave secret.json out")
	set.BoolVar(&flags.store, "store", false, "do not compress: less work, and a file as large as the directory")
	return cmd
}

// backupReport is the result of backup as JSON.
type backupReport struct {
	Dir          string `json:"dir"`
	Out          string `json:"out"`
	ArchiveBytes int64  `json:"archive_bytes"`
	*backup.Manifest
}

func runBackup(ctx context.Context, p *term.Process, flags *backupFlags, args []string) error {
	switch {
	case flags.file == "":
		return term.Usage(errors.New("where to? name a file with --out, or give --out - for the standard output"))
	case flags.file == "-" && term.IsTerminal(p.Stdout):
		return term.Usage(errors.New("a backup is nothing for a terminal: send it to a file or to another program"))
	}
	dir, err := flags.Path(p, args)
	if err != nil {
		return err
	}
	if flags.file != "-" && term.LiesIn(flags.file, dir) {
		return term.Usage(fmt.Errorf("%s lies in the data directory: keep the backup somewhere else", flags.file))
	}
	report := &backupReport{Dir: dir, Out: flags.file}
	err = p.Work(ctx, "there is no backup", func(ctx context.Context, bar *term.Bar) error {
		o := backup.Options{
			Version: term.Version, WithoutSecrets: flags.withoutSecrets, Store: flags.store, Progress: bar.Update,
			Waiting: bar.NoteCheckpoint,
		}
		if flags.file == "-" {
			return report.toStream(ctx, p.Stdout, o)
		}
		return report.toFile(ctx, flags.force, o)
	})
	if err != nil {
		return err
	}
	return printBackup(p, flags, report)
}

func (r *backupReport) toStream(ctx context.Context, w io.Writer, o backup.Options) (err error) {
	to := &countingWriter{w: term.Writer(ctx, w)}
	r.Manifest, err = backup.Write(ctx, r.Dir, to, o)
	r.ArchiveBytes = to.n
	return err
}

func (r *backupReport) toFile(ctx context.Context, force bool, o backup.Options) error {
	f, err := term.Create(r.Out, force)
	if err != nil {
		return err
	}
	to := &countingWriter{w: f}
	if r.Manifest, err = backup.Write(ctx, r.Dir, to, o); err != nil {
		return errors.Join(err, f.Drop())
	}
	r.ArchiveBytes = to.n
	return f.Finish(force)
}

// countingWriter counts what is written.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// printBackup says what was saved, where that is not the backup's own way.
func printBackup(p *term.Process, flags *backupFlags, r *backupReport) error {
	w := p.Stdout
	if flags.file == "-" {
		w = p.Stderr
	}
	if flags.Out.JSON() {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, "saved     %s\nin        %s, %s\nholds     %s\n", r.Dir, r.Out, humanize.IBytes(uint64(r.ArchiveBytes)), holds(r.Manifest))
	return err
}

// holds says on one line what is in a backup.
func holds(m *backup.Manifest) string {
	size := int64(0)
	for _, f := range m.Files {
		size += f.Size
	}
	return fmt.Sprintf("%s, %s of files, up to record %d", term.Count(m.Keys, "key"), humanize.IBytes(uint64(size)), m.LastLSN)
}
