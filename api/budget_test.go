package api

import (
	"testing"
	"testing/synctest"
	"time"
)

// wantWhole waits until everything has been given back.
func (b *budget) wantWhole(t testing.TB) {
	t.Helper()
	eventually(t, "the budget is whole again", func() bool {
		ok := b.take(b.size)
		if ok {
			b.give(b.size)
		}
		return ok
	})
}

// wantWaiter waits until somebody waits for bytes.
func (b *budget) wantWaiter(t testing.TB) {
	t.Helper()
	eventually(t, "somebody waits for memory", func() bool { return !b.take(0) })
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(100)
		if b.take(101) || !b.take(60) || b.take(41) || !b.take(40) {
			t.Error("take takes what is not there, or not what is")
		}
		start := time.Now()
		if n := b.takeSoon(1); n != 0 || time.Since(start) != budgetPatience {
			t.Errorf("took %d of nothing after %v", n, time.Since(start))
		}
		b.give(0) // nothing
		if b.take(1) {
			t.Error("0 bytes were more than none")
		}
		go func() {
			time.Sleep(budgetPatience / 2)
			b.give(100)
		}()
		if n := b.takeSoon(1000); n != 100 {
			t.Errorf("took %d of 100 that were given back in time", n)
		}
		b.give(100)
		if n := b.takeSoon(1000); n != 100 || b.take(1) {
			t.Errorf("took %d of 100", n)
		}
		b.give(100)
	})
}

// TestBudgetPatience: who asks as a member of a group has 2.7 s, and two waits may come
// together.
func TestBudgetPatience(t *testing.T) {
	if n := start(t, nil); 2*n.answers.patience >= time.Second || n.answers.patience <= 0 {
		t.Errorf("a request waits for %v", n.answers.patience)
	}
}
