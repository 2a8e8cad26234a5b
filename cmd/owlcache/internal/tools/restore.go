package tools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/backup"
)

// restoreFlags are the flags of the command restore.
type restoreFlags struct {
	to      string
	newNode bool
	verify  bool
	out     term.Output
}

func restoreCommand(p *term.Process) *cobra.Command {
	var flags restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE|- --to DIR",
		Short: "Make a data directory of a backup",
		Long: `Restore makes a data directory of what "owlcache backup" has written. DIR must not exist, or be
empty. A file is verified as a whole before anything is written, the standard input (-) before
anything is in its place. After a failure, or Ctrl-C, DIR is as it was; no node starts on what a
crash of the machine in the middle leaves behind.

The new directory is the same node: do not run both of them. --new-node makes another one of it,
with an identity of its own and without the peers of the first.

Exit code 0: the directory is whole and on the disk. 7: the backup is damaged. 2: DIR cannot be
used, or wrong usage. 130: interrupted. 1: failed.`,
		Example: "  owlcache restore owlcache.tar.zst --to /var/lib/owlcache\n  owlcache restore --verify owlcache.tar.zst",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRestore(cmd.Context(), p, &flags, args[0])
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.to, "to", "", "the new `directory`")
	set.BoolVar(&flags.newNode, "new-node", false, "give the directory an identity of its own")
	set.BoolVar(&flags.verify, "verify", false, "only verify the backup; write nothing")
	flags.out.Register(cmd)
	return cmd
}

// restoreReport is the result of restore as JSON.
type restoreReport struct {
	File       string `json:"file"`
	To         string `json:"to,omitempty"`
	RestoredID string `json:"restored_node_id,omitempty"` // of the directory; that of the backup unless with --new-node
	*backup.Manifest
}

func runRestore(ctx context.Context, p *term.Process, flags *restoreFlags, file string) error {
	switch {
	case flags.verify && (flags.to != "" || flags.newNode):
		return term.Usage(errors.New("--verify writes nothing: it goes neither with --to nor with --new-node"))
	case flags.to == "" && !flags.verify:
		return term.Usage(errors.New("where to? name a new directory with --to, or only look at the file with --verify"))
	}
	report := &restoreReport{File: file}
	err := p.Work(ctx, "nothing was restored", func(ctx context.Context, bar *term.Bar) error {
		in, size, err := openBackup(ctx, p, file)
		if err != nil {
			return err
		}
		if flags.verify {
			report.Manifest, err = backup.Verify(ctx, in, size, bar.Update)
		} else {
			var made *backup.Restored
			if made, err = backup.Restore(ctx, in, flags.to, backup.RestoreOptions{NewNode: flags.newNode, Progress: bar.Update}); err == nil {
				report.take(made)
			}
		}
		return errors.Join(restoreError(file, err), in.Close())
	})
	if err != nil {
		return err
	}
	if flags.out.JSON() {
		return p.PrintJSON(report)
	}
	return printRestore(p, report)
}

func (r *restoreReport) take(made *backup.Restored) {
	r.To, r.Manifest = made.Path, made.Manifest
	if made.NodeID != 0 {
		r.RestoredID = fmt.Sprintf("%016x", made.NodeID)
	}
}

// openBackup opens a file, or the standard input, which has no size.
func openBackup(ctx context.Context, p *term.Process, file string) (io.ReadCloser, int64, error) {
	if file == "-" {
		if f, ok := p.Stdin.(*os.File); ok && term.IsTerminal(f) {
			return nil, 0, term.Usage(errors.New("a backup does not come from a terminal: send a file to the standard input"))
		}
		return io.NopCloser(term.Reader(ctx, p.Stdin)), 0, nil
	}
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return nil, 0, err
	}
	fi, err := f.Stat()
	if err == nil && fi.IsDir() {
		err = fmt.Errorf("%s is a directory", file)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, fi.Size(), nil
}

// restoreError gives errors their exit codes.
func restoreError(file string, err error) error {
	var damage *backup.ArchiveError
	switch {
	case errors.As(err, &damage):
		return term.Exit(term.CodeCorrupt, fmt.Errorf("%s: %w", file, err))
	case errors.Is(err, backup.ErrTarget):
		return term.Usage(err)
	case errors.As(err, new(*backup.FormatError)):
		return fmt.Errorf("%s: %w", file, err)
	}
	return err
}

func printRestore(p *term.Process, r *restoreReport) error {
	made := "of " + r.Taken.UTC().Format(time.RFC3339)
	if r.Version != "" {
		made += ", owlcache " + r.Version
	}
	if r.NodeID != "" {
		made += ", node " + r.NodeID
	}
	if r.To == "" {
		_, err := fmt.Fprintf(p.Stdout, "backup    %s\nmade      %s\nholds     %s\nresult    it is whole and undamaged\n", r.File, made, holds(r.Manifest))
		return err
	}
	node := "the same: do not run it beside the first"
	switch r.RestoredID {
	case "":
		node = "a new one, made at the first start"
	case r.NodeID:
	default:
		node = "a new one, " + r.RestoredID
	}
	_, err := fmt.Fprintf(p.Stdout, "restored  %s\nto        %s\nmade      %s\nholds     %s\nnode      %s\n\nGo on with: owlcache --dir %s\n", r.File, r.To, made, holds(r.Manifest), node, r.To)
	return err
}
