package localdir

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// Flags are the flags of a command that works on a data directory.
type Flags struct {
	Config string
	Dir    string
	Out    term.Output
}

// Register adds the flags to a command.
func (f *Flags) Register(cmd *cobra.Command) {
	f.register(cmd.Flags())
	f.Out.Register(cmd)
}

// RegisterForAll adds the flags to a command and to those below it.
func (f *Flags) RegisterForAll(cmd *cobra.Command) {
	f.register(cmd.PersistentFlags())
	f.Out.RegisterForAll(cmd)
}

func (f *Flags) register(set *pflag.FlagSet) {
	set.StringVar(&f.Dir, "dir", "", "data `directory`, the same as the argument DIR")
	set.StringVar(&f.Config, "config", "", "configuration `file` that names the data directory (default owlcache.conf if it is there)")
}

// Path returns the data directory to work on: args[0], --dir, or that of the configuration, which
// is not read if the directory is given.
func (f *Flags) Path(p *term.Process, args []string) (string, error) {
	switch {
	case len(args) > 0 && f.Dir != "" && args[0] != f.Dir:
		return "", term.Usage(errors.New("two data directories: name one, as DIR or with --dir"))
	case len(args) > 0:
		return args[0], nil
	case f.Dir != "":
		return f.Dir, nil
	}
	c, err := config.Load(config.Flags{File: f.Config}, p.Env)
	if err != nil {
		return "", err
	}
	return c.Storage.Dir, nil
}
