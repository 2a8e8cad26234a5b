package engine

import (
	"time"

	"owlcache/engine/internal/format"
)

func (c *committer) decideAll(sub *submission, now time.Time) {
	sub.records = sub.oneRec[:0]
	if len(sub.ops) > 1 {
		sub.records = make([]format.Record, 0, len(sub.ops))
	}
	for i := range sub.ops {
		op := &sub.ops[i]
		r, size, err := c.decide(op, now)
		if err != nil {
			op.Err = err
			continue
		}
		op.Meta = Meta{Version: r.Version, Created: r.Created, Expires: r.Expires, Size: size}
		sub.records = append(sub.records, r)
		if c.pending != nil {
			// What r will make of its key, for the operations behind it.
			p := pendingEntry{Entry: r.Entry, size: size, there: r.Kind != format.RecordDelete}
			p.Key, p.Value = nil, nil
			c.pending[string(r.Key)] = p
		}
	}
}

// decide returns the record that op becomes, and the size of the value behind it.
func (c *committer) decide(op *Op, now time.Time) (r format.Record, size int, err error) {
	var cur pendingEntry
	if op.Kind != Set || op.If != Always {
		cur = c.current(op.Key)
	}
	live := cur.there && cur.Live(now.UnixMilli())
	switch {
	case op.If == IfAbsent && live:
		return r, 0, ErrExists
	case op.If == IfVersionIs && (!live || cur.Version != op.Version):
		return r, 0, ErrVersion
	}
	r.Key = op.Key
	switch op.Kind {
	case Set:
		r.Kind, r.Value = format.RecordSet, op.Value
		r.Version, r.Created, r.Expires = c.clock.tick(now), op.Created, op.Expires
		if r.Created == 0 {
			r.Created = now.UnixNano()
		}
		return r, len(op.Value), nil
	case Delete:
		if !live {
			return r, 0, ErrNotFound
		}
		r.Kind, r.Tombstone, r.Version = format.RecordDelete, c.retention.grace > 0, c.clock.tick(now)
		if r.Tombstone {
			r.Kind = format.RecordTombstone
		}
		return r, 0, nil
	case Expire:
		if !live {
			return r, 0, ErrNotFound
		}
		r.Kind, r.Version = format.RecordExpire, c.clock.tick(now)
		r.Created, r.Expires = cur.Created, op.Expires
		return r, cur.size, nil
	case purge:
		return c.decidePurge(op, &cur)
	case forget:
		return c.decideForget(op, &cur)
	}
	return c.decideMerge(op, &cur, now)
}

// decidePurge drops what the sweeper has found, if it is still that.
func (c *committer) decidePurge(op *Op, cur *pendingEntry) (r format.Record, size int, err error) {
	remembered := c.retention.grace > 0 && !c.retention.over(&cur.Entry, op.Expires)
	if !cur.there || cur.Version != op.Version || cur.Live(op.Expires) || cur.Tombstone && remembered {
		return r, 0, ErrVersion
	}
	r.Key, r.Kind, r.Version = op.Key, format.RecordDelete, cur.Version
	if !cur.Tombstone {
		c.expired.Add(1)
	}
	if remembered {
		// The same on every node that lets the entry expire. The instant says from when
		// on the tombstone is kept.
		r.Kind, r.Tombstone = format.RecordTombstone, true
		r.Created, r.Expires = cur.Created, cur.Expires
	}
	return r, 0, nil
}

// current returns the entry under key as the operations before in the batch, or
// else the table, have left it. The value is not part of it.
func (c *committer) current(key []byte) pendingEntry {
	if p, ok := c.pending[string(key)]; ok {
		return p
	}
	e, size, ok := c.table.Peek(key)
	return pendingEntry{Entry: e, size: size, there: ok}
}
