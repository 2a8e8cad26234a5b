package replicate

import (
	"testing"
	"testing/synctest"
	"time"
)

// A node that asks a peer which does not know yet that it is there, as after a restart
// under another address, is answered as soon as the peer does.
func TestAskedTooEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		a, b := n.add(t, time.Hour), n.add(t, time.Hour)
		defer n.close(t)
		a.set(t, "k", "v")
		n.cut = func(from, to uint64) bool { return from == a.id } // a finds nobody to send to
		a.start(t)
		b.start(t)
		b.sync.Joined(a.id)
		b.sync.Receive(a.sync.LocalState())
		elapse(time.Second)
		b.want(t, "k", "")
		n.partition(nil)
		n.settle(t, 3*time.Second)
		b.want(t, "k", "v")
	})
}

// A round ends when its peer is gone: it is begun again when the peer is back.
func TestGoneInARound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		a, b := n.add(t, time.Hour), n.add(t, time.Hour)
		defer n.close(t)
		a.set(t, "k", "v")
		n.lose = 1
		a.start(t)
		b.start(t)
		b.sync.Receive(a.sync.LocalState())
		elapse(time.Second)
		n.partition(func(uint64, uint64) bool { return true })
		n.lose = 0
		n.partition(nil)
		n.settle(t, 3*time.Second)
		b.want(t, "k", "v")
	})
}
