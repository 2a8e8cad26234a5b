package upgrade

import (
	"bufio"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// Command returns the command that looks at an installation of 0.5.1, as of now.
func Command(p *term.Process, now func() time.Time) *cobra.Command {
	var out term.Output
	cmd := &cobra.Command{
		Use:   "upgrade-check [CONF|DIR]",
		Short: "Say what becomes of an installation of 0.5.1",
		Long: `Upgrade-check reads the configuration file or the data directory of owlcache 0.5.1 and says what
the first start of this version takes over, what must be changed before it, line by line, and
what behaves differently. With CONF (owlcache.conf unless it is given) the data directory is the
one that it names; with DIR the configuration is looked for in it and beside it.

Nothing is made, changed or locked: the old node may run on, and what it holds and has not saved
yet is not counted. What is about clients alone is said for any installation.

Exit code 0: ready, perhaps with notes. 1: something must be changed first, or the check itself
failed. 2: wrong usage. 3: there is no such file or directory. 7: the data is damaged.`,
		Example: "  owlcache upgrade-check /opt/owlcache/owlcache.conf\n  owlcache upgrade-check -o json /opt/owlcache/db_file | jq .status",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := config.DefaultFile
			if len(args) > 0 {
				path = args[0]
			}
			return run(p, path, now(), out)
		},
	}
	out.Register(cmd)
	return cmd
}

func run(p *term.Process, path string, now time.Time, out term.Output) error {
	u := &inspection{now: now}
	if err := u.find(path); err != nil {
		return err
	}
	if err := u.check(); err != nil {
		return err
	}
	report := u.finish()
	var err error
	if out.JSON() {
		err = p.PrintIndented(report)
	} else {
		w := bufio.NewWriter(p.Stdout)
		report.print(w, now)
		err = w.Flush()
	}
	switch {
	case err != nil:
		return errors.Join(errors.New("report"), err)
	case report.Status == Damaged:
		return term.Exit(term.CodeCorrupt, nil)
	case report.Status == Change:
		return term.Exit(term.CodeFailed, nil)
	}
	return nil
}

// check looks at everything, the data first: what the configuration means depends on it.
func (u *inspection) check() error {
	if err := u.checkData(); err != nil {
		return err
	}
	if err := u.checkFiles(); err != nil {
		return err
	}
	u.checkConfig()
	if u.report.Data.Kind != Current {
		u.checkDifferences()
	}
	return nil
}
