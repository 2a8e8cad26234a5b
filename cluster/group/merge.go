package group

import (
	"slices"
	"time"

	"owlcache/engine"
)

// sortNewestFirst sorts answers by their full time. Those of one time stay in their
// order: the node's own first, then as the list has them.
func sortNewestFirst(answers []Answer) {
	slices.SortStableFunc(answers, func(a, b Answer) int { return b.Created.Compare(a.Created) })
}

// newest returns the newest value among slots, the first of several of one time, zero if
// there is none, and how many of them are an answer.
func newest(slots []slot) (best slot, answered int) {
	for i := range slots {
		if slots[i].answered() {
			answered++
		}
		best.yieldTo(&slots[i])
	}
	return best, answered
}

// answered tells whether the member has said what it has.
func (s *slot) answered() bool { return s.outcome == present || s.outcome == absent }

// reach counts the node itself, which has always answered, to the members.
func reach(self bool, members, answered int) Reach {
	if self {
		return Reach{members + 1, answered + 1}
	}
	return Reach{members, answered}
}

// yieldTo makes s the other answer if that is a newer value.
func (s *slot) yieldTo(other *slot) {
	if other.outcome == present && (s.outcome != present || other.created.After(s.created)) {
		*s = *other
	}
}

// ownTime returns the time of an entry of the node itself.
func ownTime(meta engine.Meta) time.Time { return time.Unix(0, meta.Created).UTC() }
