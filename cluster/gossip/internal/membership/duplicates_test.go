package membership

import (
	"testing"
)

func TestACopyOfANodeIsReportedAndChangesNothing(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	other := startNode(t, options(t, 2, seedsOf(a.Address())))
	other.fake.set("state of the copy")
	until(t, "the copy says so", func() bool { return other.logs.count("two nodes have the same id") == 1 })
	if other.logs.count(b.Address()) == 0 || other.logs.count("restore --new-node") == 0 {
		t.Fatalf("it does not say what to do:\n%s", other.logs)
	}
	if got := a.peer(2); got.Address != b.Address() {
		t.Fatalf("a sees %+v", got)
	}
	meetAll(t, a, b) // the group has not changed
	// Where they meet directly both say so, and neither takes the other's data.
	b.Join(other.Address())
	until(t, "the first says so too", func() bool { return b.logs.count("two nodes have the same id") == 1 })
	if b.fake.has(&b.fake.msgs, "state of the copy") || other.fake.has(&other.fake.msgs, b.fake.text) {
		t.Fatal("they have exchanged states")
	}
	other.close(t)
	meetAll(t, a, b)
}
