package engine

import "time"

// decideAll decides each operation of sub in order and makes the records of those
// that are to be done.
func (c *committer) decideAll(sub *submission, now time.Time) {
	sub.records = sub.oneRec[:0]
	if len(sub.ops) > 1 {
		sub.records = make([]record, 0, len(sub.ops))
	}
	for i := range sub.ops {
		op := &sub.ops[i]
		r, size, err := c.decide(op, now)
		if err != nil {
			op.Err = err
			continue
		}
		op.Meta = Meta{Version: r.version, Created: r.created, Expires: r.expires, Size: size}
		sub.records = append(sub.records, r)
		if c.pending != nil {
			c.remember(&r, size)
		}
	}
}

// decide returns the record that op becomes, and the size of the value behind it.
func (c *committer) decide(op *Op, now time.Time) (r record, size int, err error) {
	var cur pendingEntry
	if op.Kind != Set || op.If != Always {
		cur = c.current(op.Key)
	}
	live := cur.there && cur.live(now.UnixMilli())
	switch {
	case op.If == IfAbsent && live:
		return r, 0, ErrExists
	case op.If == IfVersionIs && (!live || cur.version != op.Version):
		return r, 0, ErrVersion
	}
	r.key = op.Key
	switch op.Kind {
	case Set:
		r.kind, r.value = recordSet, op.Value
		r.version, r.created, r.expires = c.clock.tick(now), op.Created, op.Expires
		if r.created == 0 {
			r.created = now.UnixNano()
		}
		return r, len(op.Value), nil
	case Delete:
		if !live {
			return r, 0, ErrNotFound
		}
		r.kind, r.deleted, r.version = recordDelete, c.retention.grace > 0, c.clock.tick(now)
		if r.deleted {
			r.kind = recordTombstone
		}
		return r, 0, nil
	case Expire:
		if !live {
			return r, 0, ErrNotFound
		}
		r.kind, r.version = recordExpire, c.clock.tick(now)
		r.created, r.expires = cur.created, op.Expires
		return r, cur.size, nil
	case purge:
		return c.decidePurge(op, &cur)
	case forget:
		return c.decideForget(op, &cur)
	}
	return c.decideMerge(op, &cur, now)
}

// decidePurge drops what the sweeper has found, if it is still that.
func (c *committer) decidePurge(op *Op, cur *pendingEntry) (r record, size int, err error) {
	remembered := c.retention.grace > 0 && !c.retention.over(&cur.entry, op.Expires)
	if !cur.there || cur.version != op.Version || cur.live(op.Expires) || cur.deleted && remembered {
		return r, 0, ErrVersion
	}
	r.key, r.kind, r.version = op.Key, recordDelete, cur.version
	if !cur.deleted {
		c.expired.Add(1)
	}
	if remembered {
		// The same on every node that lets the entry expire. The instant says from when
		// on the tombstone is kept.
		r.kind, r.deleted = recordTombstone, true
		r.created, r.expires = cur.created, cur.expires
	}
	return r, 0, nil
}

// current returns the entry under key as the operations before in the batch, or
// else the map, have left it. The value is not part of it.
func (c *committer) current(key []byte) pendingEntry {
	if p, ok := c.pending[string(key)]; ok {
		return p
	}
	e, size, ok := c.shards.peek(key)
	return pendingEntry{entry: e, size: size, there: ok}
}

// remember keeps what r will make of its key, for the operations behind it.
func (c *committer) remember(r *record, size int) {
	p := pendingEntry{entry: r.entry, size: size, there: r.kind != recordDelete}
	p.key, p.value = nil, nil
	c.pending[string(r.key)] = p
}
