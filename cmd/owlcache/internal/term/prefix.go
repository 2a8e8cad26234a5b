package term

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// Prefixes are the flags of a command that counts keys by their prefix.
type Prefixes struct {
	Delimiter string
	Depth     int // at most so many delimiters belong to a prefix
	Limit     int // of rows
}

// Register adds the flags. limit is the description of --limit.
func (p *Prefixes) Register(set *pflag.FlagSet, limit string) {
	set.StringVar(&p.Delimiter, "delimiter", ":", "what ends a prefix")
	set.IntVar(&p.Depth, "depth", 1, "prefixes end with the `N`th delimiter")
	set.IntVar(&p.Limit, "limit", RowLimit, limit)
}

// Check refuses what cannot be meant.
func (p *Prefixes) Check() error {
	switch {
	case p.Delimiter == "":
		return Usage(errors.New("flag --delimiter: it is empty"))
	case p.Depth < 1:
		return Usage(fmt.Errorf("flag --depth %d: want 1 or more", p.Depth))
	case p.Limit < 1:
		return Usage(fmt.Errorf("flag --limit %d: want 1 or more", p.Limit))
	}
	return nil
}

// Of returns the part of key up to the last delimiter that counts.
func (p *Prefixes) Of(key []byte) []byte {
	end := 0
	for range p.Depth {
		i := bytes.Index(key[end:], []byte(p.Delimiter))
		if i < 0 {
			break
		}
		end += i + len(p.Delimiter)
	}
	return key[:end]
}
