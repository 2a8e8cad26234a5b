package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
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
			_, err = fmt.Fprintf(p.Stdout, "%s: the configuration is valid\n", c.Source())
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
				return c.PrintJSON(p.Stdout)
			}
			return c.Print(p.Stdout)
		},
	}
	flags.Register(cmd)
	out.Register(cmd)
	return cmd
}

// checkLists refuses the lists of members with which a start would end, as far as they
// are there and may be read.
func (c *Config) checkLists() error {
	var errs []error
	for _, name := range []string{datadir.GroupFile, datadir.GossipFile} {
		_, err := cluster.ReadList(filepath.Join(c.DataDir(), name))
		if _, mistake := errors.AsType[*cluster.FileError](err); mistake && !errors.Is(err, cluster.ErrEmptyFile) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return term.Usage(err)
	}
	return nil
}

// Source names where the configuration was read from.
func (c *Config) Source() string {
	if c.file == "" {
		return "defaults"
	}
	return c.file
}

// Print writes the settings as a table.
func (c *Config) Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range c.order {
		s := c.Get(name)
		value := s.Option.Shown(s.Value)
		if value == "" {
			value = `""`
		}
		if _, err := fmt.Fprintf(tw, "%s\t%s\t%s\n", name, value, s.Origin); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// PrintJSON writes the settings as an array of objects, in the order of the table.
func (c *Config) PrintJSON(w io.Writer) error {
	type row struct {
		Name    string `json:"name"`
		Value   string `json:"value"`
		Origin  string `json:"origin"`
		Default string `json:"default"`
		Unit    string `json:"unit,omitempty"`
		Help    string `json:"help"`
	}
	rows := make([]row, 0, len(c.order))
	for _, name := range c.order {
		s := c.Get(name)
		rows = append(rows, row{name, s.Option.Shown(s.Value), s.Origin, s.Option.Default, s.Option.Unit, s.Option.Help})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(rows)
}

// Warnings says what is allowed and still unwise.
func (c *Config) Warnings() []string {
	var list []string
	if s := c.Get("Tonken_jwt_secret"); s.Value != "" && s.Value != WellKnownSecret && len(s.Value) < MinTokenSecret {
		list = append(list, fmt.Sprintf("%s: Tonken_jwt_secret has fewer than %d bytes: it is mixed with the secret of the data directory and does not work on another node by itself", s.Origin, MinTokenSecret))
	}
	for _, secret := range []struct{ name, what string }{{"Pass", "password"}, {"GossipDataSyncAuthKey", "secret"}} {
		if s := c.Get(secret.name); strings.HasPrefix(s.Origin, "flag ") {
			list = append(list, fmt.Sprintf("%s: every user of this machine can read the %s in the list of processes: use %s_File or the configuration file", s.Origin, secret.what, secret.name))
		}
	}
	if s := c.Get("WAL_Sync"); s.Value != "always" {
		list = append(list, fmt.Sprintf("%s: WAL_Sync %s: a crash of the machine can lose the last acknowledged writes", s.Origin, s.Value))
	}
	return slices.Concat(list, c.urlCacheWarnings(), c.importWarnings())
}
