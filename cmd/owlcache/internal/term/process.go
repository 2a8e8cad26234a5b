package term

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

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

// Note tells a person something that is no part of the output.
func (p *Process) Note(text string) {
	_, _ = fmt.Fprintln(p.Stderr, "owlcache: "+text) // without it nobody is left to tell
}

// Bar returns the bar of a command that works on something long: it is drawn on the standard
// error, if that is a terminal and it takes long.
func (p *Process) Bar() *Bar {
	if !IsTerminal(p.Stderr) {
		return NewBar(nil, "", 0)
	}
	return NewBar(p.Stderr, "", barAfter)
}

// IsTerminal tells whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
