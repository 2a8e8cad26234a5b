package fold

import "owlcache/engine/internal/format"

// Outcome is what the operations on one key come to.
type Outcome struct {
	Key    []byte
	Forget format.Version // first the entry goes, if it is not newer than this
	Record format.Record  // then this is applied
	There  bool           // whether there is a record
}

// take does with one operation what the map does.
func (o *Outcome) take(r format.Record) {
	switch {
	case r.Kind == format.RecordDelete:
		if r.Version.Compare(o.Forget) > 0 {
			o.Forget = r.Version
		}
		if o.There && o.Record.Version.Compare(r.Version) <= 0 {
			o.There = false
		}
	case !o.There:
		o.Record, o.There = r, true
	case r.Kind == format.RecordExpire:
		if !o.Record.Tombstone && r.Version.Compare(o.Record.Version) > 0 {
			o.Record.Version, o.Record.Expires = r.Version, r.Expires
		}
	case r.Supersedes(&o.Record.Entry):
		o.Record = r
	}
}

// Apply returns what the operations make of the entry old, nil for nothing. It is old
// itself if they change nothing.
func (o *Outcome) Apply(old *format.Entry) *format.Entry {
	if old != nil && old.Version.Compare(o.Forget) <= 0 {
		old = nil
	}
	r := &o.Record
	switch {
	case old == nil && (!o.There || r.Kind == format.RecordExpire):
		return nil
	case old == nil:
		return &r.Entry
	case !o.There, !r.Supersedes(old), r.Kind == format.RecordExpire && old.Tombstone:
		return old
	case r.Kind == format.RecordExpire:
		moved := *old
		moved.Version, moved.Expires = r.Version, r.Expires
		return &moved
	}
	return &r.Entry
}
