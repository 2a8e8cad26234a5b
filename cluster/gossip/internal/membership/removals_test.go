package membership

import (
	"testing"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

func TestRemovalsAreTakenOnce(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	ms := now.UnixMilli()
	r := newRemovals(now.Add(-10 * time.Minute))
	for _, step := range []struct {
		name   string
		sender uint64
		at     int64
		want   bool
	}{
		{"fresh", 1, ms - 1000, true},
		{"the same again", 1, ms - 1000, false},
		{"an older one", 1, ms - 2000, false},
		{"of another sender", 2, ms - 2000, true},
		{"newer", 1, ms, true},
		{"too old", 3, ms - 60_001, false},
		{"just not too old", 3, ms - 60_000, true},
		{"too far ahead", 4, ms + 60_001, false},
	} {
		if got := r.take(&wire.Remove{Sender: step.sender, At: step.at}, now); got != step.want {
			t.Errorf("%s: %v", step.name, got)
		}
	}
	if newRemovals(now).take(&wire.Remove{Sender: 1, At: ms - 1}, now) {
		t.Error("one that is older than the node was taken")
	}
}
