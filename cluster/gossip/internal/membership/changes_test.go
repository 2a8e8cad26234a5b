package membership

import "testing"

func TestChangesOfAPeerAreCoalesced(t *testing.T) {
	for events, want := range map[string]change{
		"":      {},
		"+":     {joined: true},
		"+-":    {},
		"+-+":   {joined: true},
		"-":     {left: true},
		"-+":    {left: true, joined: true},
		"-+-":   {left: true},
		"-+-+-": {left: true},
		"-+-+":  {left: true, joined: true},
	} {
		c := newChanges()
		for _, e := range events {
			if e == '+' {
				c.joined(1)
			} else {
				c.left(1)
			}
		}
		if got := c.take()[1]; got != want {
			t.Errorf("%q: %+v", events, got)
		}
		if len(c.take()) > 0 {
			t.Errorf("%q: told twice", events)
		}
	}
}
