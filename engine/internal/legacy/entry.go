package legacy

import (
	"errors"
	"os"
	"time"

	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
)

// Entry is an entry in the owlcache.db of a 0.5.1 node, which is the gob of a
// slice of pointers to these. The names of the fields are part of that format.
type Entry struct {
	Key        string
	Value      []byte
	LifeTime   time.Duration // from CreateTime on; 0 = for ever
	CreateTime time.Time
}

// Convert makes records of the entries that are not expired. refused is told of those
// that no store can hold.
func Convert(list []*Entry, node uint64, refusedOne func(kv *Entry)) *fold.Part {
	part := &fold.Part{}
	now := time.Now()
	for _, kv := range list {
		if kv == nil {
			continue
		}
		switch kv.fate(now) {
		case taken:
			part.Add(kv.record(node, now))
		case refused:
			refusedOne(kv)
		case expired:
		}
	}
	part.Sort()
	return part
}

type fate uint8

const (
	taken   fate = iota
	expired      // left out
	refused      // left out: no store can hold it
)

func (kv *Entry) fate(now time.Time) fate {
	switch {
	case kv.LifeTime != 0 && !now.Before(kv.CreateTime.Add(kv.LifeTime)):
		return expired
	case len(kv.Key) == 0 || len(kv.Key) > format.MaxKeySize || len(kv.Value) > format.MaxValueSize:
		return refused
	}
	return taken
}

func (kv *Entry) record(node uint64, now time.Time) *format.Record {
	created, expires := kv.times(now)
	return &format.Record{Kind: format.RecordSet, Entry: format.Entry{
		Key: []byte(kv.Key), Value: kv.Value, Created: created.UnixNano(), Expires: expires,
		Version: format.Version{Time: format.HybridTime(created), Node: node},
	}}
}

// times returns when an entry was created, and when it expires in Unix milliseconds,
// 0 = never.
func (kv *Entry) times(now time.Time) (created time.Time, expires int64) {
	// A time ahead would drag the clock along; one before 1970 is none at all. 0 would
	// mean "now" to an import.
	created = time.Unix(0, 1)
	if kv.CreateTime.After(created) {
		created = kv.CreateTime
	}
	if created.After(now) {
		created = now
	}
	if kv.LifeTime != 0 {
		expires = kv.CreateTime.Add(kv.LifeTime).UnixMilli()
	}
	return created, expires
}

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
