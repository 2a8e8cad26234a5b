// Package term is what the commands of the program share on the side of the person, or the
// script, who has called them: the standard streams, exit codes, and how things are shown.
//
//	p := &term.Process{Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
//	err := command(ctx, p)           // returns term.Usage(err), term.Exit(code, err) or any other error
//	os.Exit(term.Finish(p.Stderr, err))
//
// Data goes to the standard output, everything else to the standard error. Errors are printed by
// Finish alone, which also has the table from errors to exit codes.
//
// Text that comes from a data directory or from a node passes Text or Key before it is shown: it
// must not be able to control the terminal.
package term
