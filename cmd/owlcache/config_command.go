package main

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

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Look at the configuration",
	}
	cmd.AddCommand(p.configCheckCommand(), p.configPrintCommand())
	return cmd
}

func (p *program) configCheckCommand() *cobra.Command {
	var flags configFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and report everything that is wrong",
		RunE: func(*cobra.Command, []string) error {
			c, err := loadConfig(flags, p.Env)
			if err != nil {
				return err
			}
			_, unwise, err := c.readSites()
			if err != nil {
				return err
			}
			if err := c.checkLists(); err != nil {
				return err
			}
			warnings := c.warnings()
			for _, w := range unwise {
				warnings = append(warnings, w.Error())
			}
			for _, warning := range warnings {
				if _, err := fmt.Fprintf(p.Stderr, "owlcache: warning: %s\n", warning); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(p.Stdout, "%s: the configuration is valid\n", c.source())
			return err
		},
	}
	flags.register(cmd.Flags())
	completeSet(cmd)
	return cmd
}

func (p *program) configPrintCommand() *cobra.Command {
	var flags configFlags
	var out term.Output
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Print each option, its value and where that comes from; secrets are masked",
		RunE: func(*cobra.Command, []string) error {
			c, err := loadConfig(flags, p.Env)
			if err != nil {
				return err
			}
			if out.JSON() {
				return c.printJSON(p.Stdout)
			}
			return c.print(p.Stdout)
		},
	}
	flags.register(cmd.Flags())
	out.Register(cmd)
	completeSet(cmd)
	return cmd
}

// checkLists refuses the lists of members with which a start would end, as far as they
// are there and may be read.
func (c *config) checkLists() error {
	var errs []error
	for _, name := range []string{datadir.GroupFile, datadir.GossipFile} {
		_, err := cluster.ReadList(filepath.Join(c.dataDir(), name))
		if _, mistake := errors.AsType[*cluster.FileError](err); mistake && !errors.Is(err, cluster.ErrEmptyFile) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return term.Usage(err)
	}
	return nil
}

// source names where the configuration was read from.
func (c *config) source() string {
	if c.file == "" {
		return "defaults"
	}
	return c.file
}

// print writes the settings as a table.
func (c *config) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range c.order {
		s := c.get(name)
		value := s.option.shown(s.value)
		if value == "" {
			value = `""`
		}
		if _, err := fmt.Fprintf(tw, "%s\t%s\t%s\n", name, value, s.origin); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// printJSON writes the settings as an array of objects, in the order of the table.
func (c *config) printJSON(w io.Writer) error {
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
		s := c.get(name)
		rows = append(rows, row{name, s.option.shown(s.value), s.origin, s.option.def, s.option.unit, s.option.help})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(rows)
}

// warnings says what is allowed and still unwise.
func (c *config) warnings() []string {
	var list []string
	if s := c.get("Tonken_jwt_secret"); s.value != "" && s.value != wellKnownSecret && len(s.value) < minTokenSecret {
		list = append(list, fmt.Sprintf("%s: Tonken_jwt_secret has fewer than %d bytes: it is mixed with the secret of the data directory and does not work on another node by itself", s.origin, minTokenSecret))
	}
	for _, secret := range []struct{ name, what string }{{"Pass", "password"}, {"GossipDataSyncAuthKey", "secret"}} {
		if s := c.get(secret.name); strings.HasPrefix(s.origin, "flag ") {
			list = append(list, fmt.Sprintf("%s: every user of this machine can read the %s in the list of processes: use %s_File or the configuration file", s.origin, secret.what, secret.name))
		}
	}
	if s := c.get("WAL_Sync"); s.value != "always" {
		list = append(list, fmt.Sprintf("%s: WAL_Sync %s: a crash of the machine can lose the last acknowledged writes", s.origin, s.value))
	}
	return slices.Concat(list, c.urlCacheWarnings(), c.importWarnings())
}
