package crash

import (
	"testing"

	"owlcache/cmd/owlbench/internal/node"
)

// TestCrash kills the real program while it is written to.
func TestCrash(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	options, err := options{Rounds: rounds}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: what a failure leaves is to be looked at.
	s, err := node.SiteFlags{}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := newTrial(options, &nodeServer{s}, t.Logf).run(t.Context())
	if err != nil {
		t.Fatalf("%v\nseed %d; the data directory and the log of the node are kept in %s", err, options.Seed, s.Dir)
	}
	s.Remove()
	if report.Rounds != rounds || report.Writes == 0 {
		t.Errorf("the run did not do its work: %+v", report)
	}
	if !testing.Short() && report.Folded == 0 {
		t.Errorf("no log was folded, so no kill can have hit that: %+v", report)
	}
	t.Logf("%+v", report)
}
