package replicate

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Two nodes that each wrote alone hold the same after they have met.
func TestTwoNodesMeet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		a, b := n.add(t, time.Hour), n.add(t, time.Hour)
		defer n.close(t)
		for i := range 1000 {
			node := a
			if i%3 == 0 {
				node = b
			}
			if _, err := node.store.Set(fmt.Appendf(nil, "key:%d", i), []byte("v"), 0); err != nil {
				t.Fatal(err)
			}
		}
		a.start(t)
		b.start(t)
		n.settle(t, 5*time.Second)
		if st := a.store.Stats(); st.Keys != 1000 {
			t.Errorf("%d keys", st.Keys)
		}
	})
}
