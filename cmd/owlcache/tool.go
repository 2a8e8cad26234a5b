package main

import (
	"errors"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// toolFlags are the flags that the commands have which work on a data directory.
type toolFlags struct {
	config string
	dir    string
	out    term.Output
}

func (f *toolFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "dir", "", "data `directory`, the same as the argument DIR")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration `file` that names the data directory (default owlcache.conf if it is there)")
	f.out.Register(cmd)
}

// toolDir returns the data directory to work on: args[0], --dir, or that of the
// configuration, which is not read if the directory is given.
func (p *program) toolDir(f *toolFlags, args []string) (string, error) {
	switch {
	case len(args) > 0 && f.dir != "" && args[0] != f.dir:
		return "", term.Usage(errors.New("two data directories: name one, as DIR or with --dir"))
	case len(args) > 0:
		return args[0], nil
	case f.dir != "":
		return f.dir, nil
	}
	c, err := config.Load(config.Flags{File: f.config}, p.Env)
	if err != nil {
		return "", err
	}
	return c.DataDir(), nil
}
