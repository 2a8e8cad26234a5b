package main

import (
	"context"
	"io"
	"os"

	"owlcache/cmd/owlcache/internal/term"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand(&term.Process{Env: env, Stdin: stdin, Stdout: stdout, Stderr: stderr})
	root.SetArgs(classicFlags(args))
	return term.Finish(stderr, root.ExecuteContext(ctx))
}
