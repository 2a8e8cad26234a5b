package node

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100)
		if b.Take(101) || !b.Take(60) || b.Take(41) || !b.Take(40) {
			t.Error("take takes what is not there, or not what is")
		}
		start := time.Now()
		if n := b.TakeSoon(t.Context(), 1); n != 0 || time.Since(start) != budgetPatience {
			t.Errorf("took %d of nothing after %v", n, time.Since(start))
		}
		b.Give(0) // nothing
		if b.Take(1) {
			t.Error("0 bytes were more than none")
		}
		go func() {
			time.Sleep(budgetPatience / 2)
			b.Give(100)
		}()
		if n := b.TakeSoon(t.Context(), 1000); n != 100 {
			t.Errorf("took %d of 100 that were given back in time", n)
		}
		b.Give(100)
		if n := b.TakeSoon(t.Context(), 1000); n != 100 || b.Take(1) {
			t.Errorf("took %d of 100", n)
		}
		b.Give(100)
	})
}

// TestBudgetPatience: who asks as a member of a group has 2.7 s, and two waits may come
// together.
func TestBudgetPatience(t *testing.T) {
	if b := NewBudget(1); 2*b.Patience >= time.Second || b.Patience <= 0 {
		t.Errorf("a request waits for %v", b.Patience)
	}
}
