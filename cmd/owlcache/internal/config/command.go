package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"owlcache/cluster"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// Command returns the command that looks at the configuration.
func Command(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Look at the configuration",
	}
	cmd.AddCommand(checkCommand(p), printCommand(p))
	return cmd
}

func checkCommand(p *term.Process) *cobra.Command {
	var flags Flags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and report everything that is wrong",
		RunE: func(*cobra.Command, []string) error {
			c, err := Load(flags, p.Env)
			if err != nil {
				return err
			}
			_, unwise, err := c.ReadSites()
			if err != nil {
				return err
			}
			if err := c.checkLists(); err != nil {
				return err
			}
			warnings := c.Warnings()
			for _, w := range unwise {
				warnings = append(warnings, w.Error())
			}
			for _, warning := range warnings {
				if _, err := fmt.Fprintf(p.Stderr, "owlcache: warning: %s\n", warning); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(p.Stdout, "%s: the configuration is valid\n", cmp.Or(c.File, "defaults"))
			return err
		},
	}
	flags.Register(cmd)
	return cmd
}

func printCommand(p *term.Process) *cobra.Command {
	var flags Flags
	var out term.Output
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Print each option, its value and where that comes from; secrets are masked",
		RunE: func(*cobra.Command, []string) error {
			c, err := Load(flags, p.Env)
			if err != nil {
				return err
			}
			if out.JSON() {
				return p.PrintIndented(c.rows())
			}
			return c.print(p.Stdout)
		},
	}
	flags.Register(cmd)
	out.Register(cmd)
	return cmd
}

// checkLists refuses the lists of members with which a start would end.
func (c *Config) checkLists() error {
	var errs []error
	for _, name := range []string{datadir.GroupFile, datadir.GossipFile} {
		_, err := cluster.ReadList(c.Path(name))
		if _, mistake := errors.AsType[*cluster.FileError](err); mistake && !errors.Is(err, cluster.ErrEmptyFile) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return term.Usage(err)
	}
	return nil
}

func (c *Config) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range c.settings {
		if _, err := fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Name, cmp.Or(s.Shown(), `""`), s.Origin); err != nil {
			return err
		}
	}
	return tw.Flush()
}

type row struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Origin  string `json:"origin"`
	Default string `json:"default"`
	Unit    string `json:"unit,omitempty"`
	Help    string `json:"help"`
}

// rows returns the settings, in the order of the table.
func (c *Config) rows() []row {
	var rows []row
	for _, s := range c.settings {
		rows = append(rows, row{s.Name, s.Shown(), s.Origin, s.Default, s.Unit, s.Help})
	}
	return rows
}
