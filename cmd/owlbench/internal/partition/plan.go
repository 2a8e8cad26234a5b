package partition

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

type cutKind string

const (
	cutHalves   cutKind = "halves"
	cutIsolated cutKind = "one isolated"
	cutOneWay   cutKind = "one way"
	cutUDP      cutKind = "UDP blocked"
	cutPairs    cutKind = "random pairs"
)

func cutKinds() []cutKind {
	return []cutKind{cutHalves, cutIsolated, cutOneWay, cutUDP, cutPairs}
}

type roundPlan struct {
	kind    cutKind
	cuts    []cut
	last    time.Duration
	writeOn time.Duration // how long the load goes on after the network is whole
}

// newRoundPlans draws a plan for each round. All kinds take turns, in random order.
func newRoundPlans(rng *rand.Rand, rounds, nodes int, longest time.Duration) []roundPlan {
	var plans []roundPlan
	for len(plans) < rounds {
		kinds := cutKinds()
		rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, kind := range kinds {
			plans = append(plans, newRoundPlan(rng, kind, nodes, longest))
		}
	}
	return plans[:rounds]
}

// newRoundPlan draws a plan. In one of three the load does not end with the cut.
func newRoundPlan(rng *rand.Rand, kind cutKind, nodes int, longest time.Duration) roundPlan {
	p := roundPlan{kind: kind, last: longest/2 + time.Duration(rng.Int64N(int64(longest/2)+1))}
	if rng.IntN(3) == 0 {
		p.writeOn = time.Second
	}
	order := rng.Perm(nodes) // from 0
	switch kind {
	case cutHalves:
		p.divide(order, nodes/2, true)
	case cutIsolated:
		p.divide(order, 1, true)
	case cutOneWay:
		p.divide(order, 1+rng.IntN(nodes-1), false)
	case cutUDP:
		for i := range order {
			p.divide(order[i:], 1, true)
		}
		for i := range p.cuts {
			p.cuts[i].udp = true
		}
	case cutPairs:
		for len(p.cuts) == 0 {
			for i := range order {
				for _, j := range order[:i] {
					if rng.IntN(2) == 0 {
						p.cutPair(order[i]+1, j+1)
					}
				}
			}
		}
	}
	return p
}

// divide cuts the first n nodes from the others; with both also the others from them.
func (p *roundPlan) divide(nodes []int, n int, both bool) {
	for _, from := range nodes[:n] {
		for _, to := range nodes[n:] {
			if both {
				p.cutPair(from+1, to+1)
			} else {
				p.cuts = append(p.cuts, cut{from: from + 1, to: to + 1})
			}
		}
	}
}

func (p *roundPlan) cutPair(a, b int) {
	p.cuts = append(p.cuts, cut{from: a, to: b}, cut{from: b, to: a})
}

func (p roundPlan) String() string {
	var cuts []string
	for _, c := range p.cuts {
		cuts = append(cuts, fmt.Sprintf("%d>%d", c.from, c.to))
	}
	return fmt.Sprintf("%s for %v (%s)", p.kind, p.last.Round(time.Millisecond), strings.Join(cuts, " "))
}
