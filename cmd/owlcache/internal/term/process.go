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

// IsTerminal tells whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
