package judge

import (
	"fmt"

	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// Damage is one place of the directory that is not as it should be.
type Damage struct {
	File    string `json:"file"`
	Offset  int64  `json:"offset"` // in bytes, -1 if it is not known
	Bytes   int64  `json:"bytes,omitempty"`
	Problem string `json:"problem"`
	Loss    bool   `json:"loss"` // something is lost here, or may be
	// FirstLSN to LastLSN are the records of the log that are lost, as far as the
	// snapshot does not cover them. With OpenEnd it is not known how many follow.
	FirstLSN uint64 `json:"first_lsn,omitempty"`
	LastLSN  uint64 `json:"last_lsn,omitempty"`
	OpenEnd  bool   `json:"open_end,omitempty"`
	// FromKey and ToKey bound the keys of a lost part of the snapshot; nil is no bound.
	FromKey []byte `json:"from_key,omitempty"`
	ToKey   []byte `json:"to_key,omitempty"`
}

// Log is what was read of a damaged log, and of the snapshot that it follows.
type Log struct {
	Dir        string
	First, End uint64 // LSNs: where the log begins and ends; 0 if there is none
	Flaws      []wal.Flaw

	Snapshot bool   // there is one
	Covered  uint64 // up to here the snapshot holds what the log does
	Unknown  bool   // Covered is not known
}

// Bounds judges what is missing before and behind the log: one place, or none.
func (l *Log) Bounds() []Damage {
	d := Damage{File: l.Dir, Offset: -1, Loss: true, FirstLSN: l.Covered + 1}
	switch {
	case l.First == 0 && l.Covered > 0:
		d.OpenEnd, d.Problem = true, "the log is missing"
	case l.End < l.Covered:
		d.OpenEnd = true
		d.Problem = fmt.Sprintf("the log ends with record %d, although the snapshot covers it up to record %d", l.End, l.Covered)
	case l.First > l.Covered+1 && !l.Unknown:
		d.LastLSN = l.First - 1
		d.Problem = fmt.Sprintf("the log begins with record %d, but the snapshot covers it only up to record %d", l.First, l.Covered)
		if !l.Snapshot {
			d.Problem = fmt.Sprintf("the log begins with record %d, and the snapshot of those before it is missing", l.First)
		}
	default:
		return nil
	}
	return []Damage{d}
}

// Flaw judges a damaged place of the log.
func (l *Log) Flaw(f *wal.Flaw) Damage {
	d := Damage{File: f.Path, Offset: f.Offset, Bytes: f.Bytes, Problem: f.Reason}
	switch {
	case !f.Lost():
		d.Problem += "; no record is lost here"
	case f.Torn && l.End < f.First:
		d.Problem += "; the torn end of a write that nobody was told of, as a crash leaves it"
	case f.Last > 0 && f.Last <= l.Covered:
		d.Problem += "; the snapshot covers the lost records"
	default:
		d.Loss, d.FirstLSN, d.LastLSN, d.OpenEnd = true, max(f.First, l.Covered+1), f.Last, f.Last == 0
	}
	return d
}

// Commit tells whether the content of a record with the right checksum is a commit.
func Commit(payload []byte) error {
	return format.EachRecord(payload, func(*format.Record) error { return nil })
}

// Malformed judges a record that is no commit.
func (l *Log) Malformed(path string, offset int64, lsn uint64, why error) Damage {
	d := Damage{File: path, Offset: offset, Problem: why.Error()}
	if lsn > l.Covered {
		d.Loss, d.FirstLSN, d.LastLSN = true, lsn, lsn
	}
	return d
}

// ReplayFrom returns the LSN behind which the log is to be replayed. What the snapshot
// covers is done again where nothing is missing up to its end, which changes
// nothing; before a gap it might bring back what was deleted.
func (l *Log) ReplayFrom() (start uint64) {
	if l.End < l.Covered {
		return l.Covered
	}
	for i := range l.Flaws {
		if f := &l.Flaws[i]; f.Lost() && f.First <= l.Covered {
			if f.Last == 0 || f.Last > l.Covered {
				return l.Covered
			}
			start = max(start, f.Last)
		}
	}
	return start
}

// EntriesAre counts entries, for a sentence about them.
func EntriesAre(n int64) string {
	if n == 1 {
		return "1 entry is"
	}
	return fmt.Sprintf("%d entries are", n)
}
