package gossip

import "time"

// marks keeps, for each peer, a version time: the peer has had each entry of this node
// with an older version. They outlive a restart.
//
// A mark is raised when two stores have been compared. Two things could make it untrue,
// and both are seen to: an entry with an old version that comes in later lowers the marks
// of all peers but the one it comes from, durably and before it is merged; and a peer
// that has lost its data, by a repair or as a copy, has no mark for us, or an older one,
// so that the smaller of both marks is what counts.
type marks interface {
	mark(peer uint64) uint64                  // 0 = none
	setMark(peer uint64, t uint64)            // durable within seconds
	lowerMarks(t uint64, except uint64) error // those above t; durable when it returns
	best() uint64                             // the greatest
}

// markMargin is how far a mark stays behind the moment of a comparison, so that the
// writes of others that are on their way do not have to lower it at once.
const markMargin = time.Second

// markAt returns the mark for a comparison at t.
func markAt(t time.Time) uint64 {
	return uint64(max(0, t.Add(-markMargin).UnixMilli())) << 16
}

// longAgo tells whether tombstones made since mark may have been purged.
func (s *syncer) longAgo(mark uint64, now time.Time) bool {
	since := now.Sub(time.UnixMilli(int64(mark >> 16)))
	return since > s.opts.Grace-s.opts.Grace/10
}

// judge decides how to answer a list of a peer. Entries with a version time below
// deletedBefore that the peer lacks were deleted. hold tells that nothing must be sent.
//
//   - A peer that this node has a mark for, and which remembers this node: the smaller
//     mark, if it is so old that tombstones have been purged since.
//   - Any other peer has to wait while a member is alive that this node was away from for
//     long and has not met: what that member has deleted must not come back through a
//     third one.
//   - If this node was away from everybody, and the peer is in touch with the group: what
//     is older than the best mark. If the peer is not, it may be one of a new group, with
//     nobody else to get the data from; but there is some time for a member to turn up.
func (s *syncer) judge(m *listMessage) (deletedBefore uint64, hold bool) {
	now := time.Now()
	mine, best := s.marks.mark(m.sender), s.marks.best()
	if mine != 0 && m.mark != 0 {
		if t := min(mine, m.mark); s.longAgo(t, now) {
			return t, false
		}
		return 0, false
	}
	for _, id := range s.net.peers() {
		if t := s.marks.mark(id); id != m.sender && t != 0 && s.longAgo(t, now) && s.isNew(id, now) {
			return 0, true
		}
	}
	switch {
	case best == 0 || !s.longAgo(best, now):
		return 0, false
	case m.best != 0 && !s.longAgo(m.best, now):
		return best, false
	}
	return 0, s.isNew(m.sender, now)
}

// meetWithin is how long a member that has joined may keep others waiting.
const meetWithin = time.Minute

// isNew tells whether a live peer has joined not long ago and has not been met.
func (s *syncer) isNew(id uint64, now time.Time) bool {
	p := s.peer(id)
	return p != nil && !p.met.Load() && now.Sub(time.Unix(0, p.joinedAt.Load())) < meetWithin
}
