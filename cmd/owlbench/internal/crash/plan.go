package crash

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

type roundPlan struct {
	settings   []string
	startKills []time.Duration // kills this long after a start, before the round
	life       time.Duration   // from the first write to the end
	inOrder    bool            // it is asked to end, not killed
}

// newRoundPlan draws round number n. Three of four fold their log so often that kills hit that.
func newRoundPlan(rng *rand.Rand, n int, maxLife time.Duration) roundPlan {
	const minLife = 20 * time.Millisecond
	p := roundPlan{
		life:    minLife + time.Duration(rng.Int64N(int64(max(maxLife-minLife, 1)))),
		inOrder: rng.IntN(5) == 0,
	}
	if rng.IntN(4) > 0 {
		p.settings = []string{"WAL_SegmentSize=1MiB", "Checkpoint_LogSize=256KiB"}
		if rng.IntN(2) == 0 {
			// A node looks once a second whether its log is to be folded.
			p.life += time.Second
		}
	}
	kills := 0
	switch {
	case n == 0:
		kills = 3 // while the data directory is being made
	case rng.IntN(3) == 0:
		kills = 1 + rng.IntN(2) // while it recovers
	}
	for range kills {
		p.startKills = append(p.startKills, time.Duration(rng.Int64N(int64(40*time.Millisecond))))
	}
	return p
}

func (p roundPlan) String() string {
	end := "killed"
	if p.inOrder {
		end = "stopped"
	}
	out := fmt.Sprintf("%s after %v", end, p.life.Round(time.Millisecond))
	if len(p.settings) > 0 {
		out += " with " + strings.Join(p.settings, " ")
	}
	if len(p.startKills) > 0 {
		out += fmt.Sprintf(", killed in its start %d times before", len(p.startKills))
	}
	return out
}
