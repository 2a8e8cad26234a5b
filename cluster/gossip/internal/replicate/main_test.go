package replicate

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// memberlist does not wait for its probes and for what it sends in answer to those of
	// others. They end by themselves within a few seconds.
	const library = "github.com/hashicorp/memberlist.(*Memberlist)."
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction(library+"probeNode"),
		goleak.IgnoreAnyFunction(library+"handleIndirectPing.func2"),
		goleak.IgnoreAnyFunction(library+"pushPullTrigger"),
	)
}
