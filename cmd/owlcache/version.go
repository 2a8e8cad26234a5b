package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// build describes this program.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, if known
	Modified bool   `json:"modified,omitempty"` // the source differs from the revision
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func currentBuild() build {
	b := build{Version: term.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	source := ""
	if b.Revision != "" {
		source = "revision " + b.Revision[:min(12, len(b.Revision))]
		if b.Modified {
			source += ", modified"
		}
		source += ", "
	}
	return fmt.Sprintf("owlcache %s (%s%s, %s/%s)", b.Version, source, b.Go, b.OS, b.Arch)
}

func versionCommand(p *term.Process) *cobra.Command {
	var out term.Output
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if out.JSON() {
				return p.PrintJSON(currentBuild())
			}
			_, err := fmt.Fprintln(p.Stdout, currentBuild())
			return err
		},
	}
	out.Register(cmd)
	return cmd
}
