package cluster

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

// newest returns the newest value among slots, the first of several of one time. It is
// zero if there is none.
func newest(slots []slot) (best slot) {
	for i := range slots {
		best.yieldTo(&slots[i])
	}
	return best
}

// yieldTo makes s the other answer if that is a newer value.
func (s *slot) yieldTo(other *slot) {
	if other.outcome == present && (s.outcome != present || other.created.After(s.created)) {
		*s = *other
	}
}

// ownTime returns the time of an entry of the node itself.
func ownTime(meta engine.Meta) time.Time { return time.Unix(0, meta.Created).UTC() }
