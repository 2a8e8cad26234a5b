package metrics

import (
	"testing"
	"time"
)

func TestLatencyIndex(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-1: 0, 0: 0, latencyBounds[0]: 0, latencyBounds[0] + 1: 1, latencyBounds[len(latencyBounds)-1]: len(latencyBounds) - 1, time.Hour: len(latencyBounds),
	} {
		if got := latencyIndex(d); got != want {
			t.Errorf("%v: %d, want %d", d, got, want)
		}
	}
	for i := 1; i < len(latencyBounds); i++ {
		if latencyBounds[i] <= latencyBounds[i-1] {
			t.Errorf("bound %d is not above its predecessor", i)
		}
	}
}
