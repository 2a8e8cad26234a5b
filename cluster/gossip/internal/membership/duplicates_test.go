package membership

import (
	"testing"
)

func TestACopyOfANodeIsReportedAndChangesNothing(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	twin := startNode(t, options(t, 2, seedsOf(a.Address())))
	twin.fake.set("state of the copy")
	until(t, "the copy says so", func() bool { return twin.logs.count("two nodes have the same id") == 1 })
	if twin.logs.count(b.Address()) == 0 || twin.logs.count("restore --new-node") == 0 {
		t.Fatalf("it does not say what to do:\n%s", twin.logs)
	}
	if got := a.peer(2); got.Address != b.Address() {
		t.Fatalf("a sees %+v", got)
	}
	meetAll(t, a, b) // the group has not changed
	// Where they meet directly both say so, and neither takes the other's data.
	b.Join(twin.Address())
	until(t, "the first says so too", func() bool { return b.logs.count("two nodes have the same id") == 1 })
	if b.fake.has(&b.fake.msgs, "state of the copy") || twin.fake.has(&twin.fake.msgs, b.fake.text) {
		t.Fatal("they have exchanged states")
	}
	twin.close(t)
	meetAll(t, a, b)
}
