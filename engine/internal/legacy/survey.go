package legacy

import (
	"errors"
	"os"
	"time"
)

// ErrNotLegacy is returned by TakeSurvey for the snapshot of this version.
var ErrNotLegacy = errors.New("this is no file of a 0.5.1 node")

const maxRefused = 10

// Survey is what a file of a 0.5.1 node holds, and what a start does with it.
// Sizes are in bytes.
type Survey struct {
	Entries  int64 // all of them
	Live     int64 // taken over
	Expiring int64 // those of them that expire some day
	Expired  int64 // left out

	KeyBytes, ValueBytes     int64 // of the live ones, all together
	LargestKey, LargestValue int   // of a live one

	RefusedTotal int64     // not expired, and left out because the store cannot hold them
	Refused      []Refusal // the first of these, at most ten
}

// Refusal is an entry that a store cannot hold: its key is empty, or key or value
// is too long. Sizes are in bytes.
type Refusal struct {
	Key                string // at most its first 100 bytes
	KeySize, ValueSize int
}

// TakeSurvey does what engine.SurveyLegacy does.
func TakeSurvey(path string, now time.Time) (*Survey, error) {
	legacy, err := NoSnapshot(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if !legacy {
		return nil, ErrNotLegacy
	}
	list, err := Read(path)
	if err != nil {
		return nil, err
	}
	s := &Survey{}
	for _, kv := range list {
		s.add(kv, now)
	}
	return s, nil
}

func (s *Survey) add(kv *Entry, now time.Time) {
	if kv == nil {
		return
	}
	s.Entries++
	switch kv.fate(now) {
	case expired:
		s.Expired++
	case refused:
		s.RefusedTotal++
		if len(s.Refused) < maxRefused {
			s.Refused = append(s.Refused, Refusal{kv.Key[:min(len(kv.Key), 100)], len(kv.Key), len(kv.Value)})
		}
	case taken:
		s.Live++
		if kv.LifeTime != 0 {
			s.Expiring++
		}
		s.KeyBytes += int64(len(kv.Key))
		s.ValueBytes += int64(len(kv.Value))
		s.LargestKey = max(s.LargestKey, len(kv.Key))
		s.LargestValue = max(s.LargestValue, len(kv.Value))
	}
}
