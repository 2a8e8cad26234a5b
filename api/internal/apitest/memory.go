package apitest

import (
	"owlcache/api/internal/node"
	"testing"
)

// Starve takes the memory for large answers but some bytes until the returned function
// is called.
func (n *Node) Starve(but int64) (feed func()) {
	n.T.Helper()
	WantWhole(n.T, n.Node.Answers)
	size := n.Node.Answers.Size - but
	if !n.Node.Answers.Take(size) {
		n.T.Fatal("somebody has taken memory for a large answer")
	}
	return func() { n.Node.Answers.Give(size) }
}

// WantWhole waits until everything has been given back.
func WantWhole(t testing.TB, b *node.Budget) {
	t.Helper()
	Eventually(t, "the budget is whole again", func() bool {
		ok := b.Take(b.Size)
		if ok {
			b.Give(b.Size)
		}
		return ok
	})
}

// WantWaiter waits until somebody waits for bytes.
func WantWaiter(t testing.TB, b *node.Budget) {
	t.Helper()
	Eventually(t, "somebody waits for memory", func() bool { return !b.Take(0) })
}
