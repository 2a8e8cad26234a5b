package term

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// Version is that of the program.
const Version = "0.6.0"

// Process is what a run of the program has around it.
type Process struct {
	Env            []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Println writes a line of data.
func (p *Process) Println(s string) error {
	_, err := fmt.Fprintln(p.Stdout, s)
	return err
}

// PrintJSON writes v as a line of data.
func (p *Process) PrintJSON(v any) error { return json.NewEncoder(p.Stdout).Encode(v) }

// Work runs do, which takes long: the first SIGINT or SIGTERM ends its context, the second the
// process, and its bar is taken away at its end. interrupted says what it means that a signal has
// ended it; it may be empty.
func (p *Process) Work(ctx context.Context, interrupted string, do func(ctx context.Context, bar *Bar) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from now on a signal does what it does by default
	bar := p.Bar()
	err := do(ctx, bar)
	bar.Clear()
	switch {
	case !Interrupted(ctx, err):
		return err
	case interrupted == "":
		return Exit(CodeInterrupted, errors.New("interrupted"))
	}
	return Exit(CodeInterrupted, errors.New("interrupted: "+interrupted))
}

// Interrupted tells whether err comes from a signal.
func Interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// PrintIndented writes v as JSON of many lines.
func (p *Process) PrintIndented(v any) error {
	enc := json.NewEncoder(p.Stdout)
	enc.SetIndent("", "\t")
	return enc.Encode(v)
}

// IsTerminal tells whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
