package crash

import (
	"testing"

	"owlcache/cmd/owlbench/internal/node"
)

// TestCrash kills the real program while it is written to.
func TestCrash(t *testing.T) {
	o := options{Rounds: 20}
	switch {
	case testing.Short():
		o.Rounds = 3
	case heavy:
		o.Rounds = 100
	}
	result, err := run(t.Context(), node.SiteFlags{}, o, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if result.Rounds != o.Rounds || result.Writes == 0 {
		t.Errorf("the run did not do its work: %+v", result)
	}
	if !testing.Short() && result.Folded == 0 {
		t.Errorf("no log was folded, so no kill can have hit that: %+v", result)
	}
	t.Logf("%+v", result)
}
