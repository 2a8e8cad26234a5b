package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/clustercmd"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/inspect"
	"owlcache/cmd/owlcache/internal/node"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/cmd/owlcache/internal/tools"
	"owlcache/cmd/owlcache/internal/upgrade"
)

// rootCommand returns the command line with all its commands.
func rootCommand(p *term.Process) *cobra.Command {
	var flags config.Flags
	root := &cobra.Command{
		Use:           "owlcache",
		Short:         "A persistent key/value cache server over HTTP",
		Long:          "Owlcache is a persistent key/value cache server over HTTP.\nWithout a command it runs a node, as \"owlcache serve\" does.",
		Example:       "  owlcache\n  owlcache --host 0.0.0.0 --port 7721 --dir /var/lib/owlcache\n  echo hello | owlcache set greeting\n  owlcache get greeting",
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return node.Serve(cmd.Context(), p, flags)
		},
	}
	flags.Register(root)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return term.Usage(errors.New(err.Error() + "; see " + cmd.CommandPath() + " --help"))
	})
	root.AddCommand(node.Command(p), config.Command(p), inspect.Command(p, time.Now), clustercmd.GroupCommand(p), clustercmd.ClusterCommand(p),
		upgrade.Command(p, time.Now), versionCommand(p))
	root.AddCommand(tools.Commands(p)...)
	root.AddCommand(client.Commands(p)...)
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd()
	term.MarkUsageErrors(root, config.DidYouMean)
	return root
}

// helpCommand replaces the one of the library, which takes an unknown command for no mistake.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil {
				return term.Usage(err)
			}
			if len(rest) > 0 {
				return term.Usage(fmt.Errorf("unknown command %q; see %s --help%s", strings.Join(args, " "), cmd.CommandPath(), config.DidYouMean("", rest[0], term.CommandNames(cmd))))
			}
			return cmd.Help()
		},
	}
}

// classicFlags gives the flags of earlier versions, which have one dash, the two of now.
func classicFlags(args []string) []string {
	classic := []string{"config", "host", "log", "pass"}
	out := make([]string, len(args)) // never nil: cobra would take os.Args
	copy(out, args)
	for i, arg := range out {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && slices.Contains(classic, name) {
			out[i] = "-" + arg
		}
	}
	return out
}
