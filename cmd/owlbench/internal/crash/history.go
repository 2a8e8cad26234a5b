package crash

import (
	"bytes"
	"fmt"
	"slices"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// clockTolerance is in milliseconds: the clock that both read may be adjusted meanwhile.
const clockTolerance = 10

type keyState struct {
	present bool
	seq     uint64 // number of the set that wrote it
	value   []byte
	// The key expires at some millisecond from the first to the last of these:
	// the server took its time between request and answer. 0 = never.
	expiresFrom, expiresTo int64
	// The value was set between these two milliseconds.
	setFrom, setTo int64
}

// mayLive and mayMiss return whether the key may be there, or be absent, at some instant.
func (s *keyState) mayLive(from int64) bool {
	return s.present && (s.expiresTo == 0 || from-clockTolerance < s.expiresTo)
}

func (s *keyState) mayMiss(to int64) bool {
	return !s.present || s.expiresFrom != 0 && to+clockTolerance >= s.expiresFrom
}

// A history follows one key, which one writer writes. It holds the set of states that a
// correct server may be in; an answer that fits none of them is a violation.
type history struct {
	key        string
	states     []keyState
	unanswered uint64   // number of the last write, if it is a set of which nothing is known yet
	log        []string // the latest events, for a report
}

func newHistory(key string) *history {
	return &history{key: key, states: []keyState{{}}}
}

func (h *history) note(format string, args ...any) {
	if len(h.log) == report.MaxLog {
		h.log = slices.Delete(h.log, 0, 1)
	}
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

func (h *history) violated(format string, args ...any) error {
	return &report.Violation{Key: h.key, What: fmt.Sprintf(format, args...), Log: slices.Clone(h.log)}
}

func (h *history) written(op load.Operation, r load.Result, during load.Interval) error {
	h.note("%d-%d %s seq %d, %d bytes, %d s: %s", during.From, during.To, op.Action, op.Seq, len(op.Value), op.Seconds, r)
	h.unanswered = 0
	switch r {
	case load.NotFound:
		return h.missed(during, string(op.Action))
	case load.Unknown:
		if op.Action == load.ActSet {
			h.unanswered = op.Seq
		}
		h.states = append(h.states, h.after(op, during)...)
		return nil
	}
	next := h.after(op, during)
	if len(next) == 0 {
		return h.violated("%s succeeded on a key that cannot be there", op.Action)
	}
	h.states = next
	return nil
}

func (h *history) after(op load.Operation, during load.Interval) []keyState {
	if op.Action == load.ActSet {
		s := keyState{present: true, seq: op.Seq, value: op.Value, setFrom: during.From, setTo: during.To}
		s.expire(op.Seconds, during)
		return []keyState{s}
	}
	var next []keyState
	for _, s := range h.states {
		switch {
		case !s.mayLive(during.From):
		case op.Action == load.ActExpire:
			s.expire(op.Seconds, during)
			next = append(next, s)
		case len(next) == 0:
			next = append(next, keyState{})
		}
	}
	return next
}

func (s *keyState) expire(seconds int64, during load.Interval) {
	s.expiresFrom, s.expiresTo = 0, 0
	if seconds > 0 {
		s.expiresFrom, s.expiresTo = during.From+seconds*1000, during.To+seconds*1000
	}
}

func (h *history) missed(during load.Interval, asked string) error {
	if asked == "get" {
		h.note("%d-%d get: not found", during.From, during.To)
	}
	h.unanswered = 0
	if !slices.ContainsFunc(h.states, func(s keyState) bool { return s.mayMiss(during.To) }) {
		return h.violated("%s finds no key: an acknowledged write is lost", asked)
	}
	// Once absent it stays absent: an expiry does not come undone.
	h.states = []keyState{{}}
	return nil
}

// found takes in an answer with a value, which was set at the millisecond setAt (0 = not told).
func (h *history) found(value []byte, setAt int64, during load.Interval) error {
	h.note("%d-%d get: %d bytes %.40q, set %d", during.From, during.To, len(value), value, setAt)
	h.unanswered = 0
	fits := h.states[:0:0]
	for _, s := range h.states {
		if s.mayLive(during.From) && bytes.Equal(s.value, value) &&
			(setAt == 0 || s.setFrom-clockTolerance <= setAt && setAt <= s.setTo+clockTolerance) {
			if s.expiresTo != 0 {
				// It has not expired yet.
				s.expiresFrom = min(max(s.expiresFrom, during.From), s.expiresTo)
			}
			fits = append(fits, s)
		}
	}
	if len(fits) == 0 {
		return h.violated("get answers %d bytes %.40q, which cannot be there (set at %d)", len(value), value, setAt)
	}
	h.states = fits
	return nil
}

// seen takes in that another connection has read a set, which now has to stay, answered or not.
func (h *history) seen(seq uint64) {
	if seq == 0 || seq != h.unanswered {
		return
	}
	h.note("seq %d was read by another connection", seq)
	h.unanswered = 0
	h.states = slices.DeleteFunc(h.states, func(s keyState) bool { return s.seq != seq })
}

// lastExpiry returns when the key may expire at last, within horizon of now; 0 = not at all.
func (h *history) lastExpiry(now, horizon int64) int64 {
	var last int64
	for _, s := range h.states {
		if s.expiresTo != 0 && s.expiresTo <= now+horizon {
			last = max(last, s.expiresTo)
		}
	}
	return last
}
