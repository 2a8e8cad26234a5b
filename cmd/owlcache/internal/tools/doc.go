// Package tools has the commands that work on a whole data directory: backup and restore, check,
// repair and compact, export and import.
//
//	root.AddCommand(tools.Commands(p)...)
//
// Each command has a file, in which its flags, what it does with the engine's packages, and its
// report stand apart. All of them name the directory as package localdir says, show a bar if they
// take long, and end at a signal with the exit code for it. Import also puts entries into a running
// node, as a client of it (import_node.go).
package tools

import (
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// Commands returns the commands.
func Commands(p *term.Process) []*cobra.Command {
	return []*cobra.Command{
		checkCommand(p), exportCommand(p), importCommand(p), repairCommand(p), backupCommand(p), restoreCommand(p), compactCommand(p),
	}
}
