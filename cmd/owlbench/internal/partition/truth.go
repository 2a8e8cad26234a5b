package partition

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"owlcache/cmd/owlbench/internal/report"
)

// truth is what the clients of all nodes were told, and, in the order of the versions of their
// writes, what must come of it. The log of the node that a write was sent to tells its version:
// there, the writes to a key are in the order in which they were acknowledged, since no two
// clients of a node write the same key at the same time.
type truth struct {
	best map[string]*event // of each key ever written, the write with the greatest version
	// Of the round:
	writes map[string][]*event // of each key, ordered by version, with the best of before
}

type nodeKey struct {
	node int
	key  string
}

func (t *truth) take(sessions []*session, logs map[int][]loggedWrite) error {
	t.writes = map[string][]*event{}
	for key, e := range t.best {
		t.writes[key] = []*event{e}
	}
	if err := t.match(sessions, logs); err != nil {
		return err
	}
	before := t.best
	t.best = map[string]*event{}
	for key, writes := range t.writes {
		slices.SortStableFunc(writes, func(a, b *event) int { return a.version.compare(b.version) })
		t.best[key] = writes[len(writes)-1]
	}
	for _, s := range sessions {
		if err := t.follow(s, before); err != nil {
			return err
		}
	}
	return nil
}

func (t *truth) match(sessions []*session, logs map[int][]loggedWrite) error {
	acked, logged := map[nodeKey][]*event{}, map[nodeKey][]loggedWrite{}
	for _, s := range sessions {
		for _, e := range s.events {
			if k := (nodeKey{s.node, e.key}); !e.read {
				acked[k] = append(acked[k], e)
			}
		}
	}
	for node, writes := range logs {
		for _, w := range writes {
			k := nodeKey{node, w.Key}
			logged[k] = append(logged[k], w)
		}
	}
	for k, writes := range acked {
		slices.SortFunc(writes, func(a, b *event) int { return int(a.order) - int(b.order) })
		if err := t.matchKey(k, writes, logged[k]); err != nil {
			return err
		}
		delete(logged, k)
	}
	for k, writes := range logged {
		return t.violated(k.key, "node %d has logged %+v, which nobody has sent", k.node, writes[0])
	}
	return nil
}

func (t *truth) matchKey(k nodeKey, acked []*event, logged []loggedWrite) error {
	if len(acked) != len(logged) {
		return t.violated(k.key, "node %d has acknowledged %d writes and logged %d: %v, %v", k.node, len(acked), len(logged), acked, logged)
	}
	for i, e := range acked {
		w := logged[i]
		if (w.Op == "set") != (e.value != "") {
			return t.violated(k.key, "node %d has acknowledged %v and logged %+v", k.node, e, w)
		}
		v, err := parseWriteVersion(w.Version)
		if err != nil {
			return err
		}
		e.version = v
		t.writes[k.key] = append(t.writes[k.key], e)
	}
	return nil
}

// follow makes sure that what a client has seen of a key on its node, or has written there, is
// never followed by something older. At its begin all nodes had the same.
func (t *truth) follow(s *session, before map[string]*event) error {
	last := map[string]writeVersion{}
	for _, e := range s.events {
		floor, known := last[e.key]
		if b := before[e.key]; !known && b != nil {
			floor = b.version
		}
		now, err := t.locate(s.node, e, floor)
		if err != nil {
			return err
		}
		last[e.key] = now
	}
	return nil
}

// locate returns the version of what an event has shown, which is not less than floor.
func (t *truth) locate(node int, e *event, floor writeVersion) (writeVersion, error) {
	writes := t.writes[e.key]
	switch {
	case !e.read:
		if e.version.compare(floor) <= 0 {
			return floor, t.violated(e.key, "on node %d a client %v after version %s", node, e, floor)
		}
		return e.version, nil
	case e.value != "":
		i := slices.IndexFunc(writes, func(w *event) bool { return w.value == e.value })
		if i < 0 {
			return floor, t.violated(e.key, "on node %d a client %v, which was never sent", node, e)
		}
		if writes[i].version.compare(floor) < 0 {
			return floor, t.violated(e.key, "on node %d a client %v, version %s, after version %s", node, e, writes[i].version, floor)
		}
		return writes[i].version, nil
	case floor == writeVersion{}:
		return floor, nil
	}
	// Nothing is there because of the first deletion from floor on, or of a later one.
	for _, w := range writes {
		if w.value == "" && w.version.compare(floor) >= 0 {
			return w.version, nil
		}
	}
	return floor, t.violated(e.key, "on node %d a client %v after version %s, and no deletion is later", node, e, floor)
}

type holding struct {
	node    int
	entries map[string]entry
	values  map[string]string // of all keys, as a client gets them; "" = nothing
}

func (t *truth) check(h holding) error {
	for _, key := range slices.Sorted(maps.Keys(t.best)) {
		want, have := t.best[key], h.entries[key]
		switch {
		case want.value == "" && have.Key != nil && !have.Tombstone:
			return t.violated(key, "node %d: it was deleted, and is back with version %s", h.node, have.Version)
		case have.Key == nil:
			return t.violated(key, "node %d holds nothing, not even that it was deleted", h.node)
		case have.Version != want.version.String() || have.Tombstone != (want.value == ""):
			return t.violated(key, "node %d holds version %s, deleted: %v", h.node, have.Version, have.Tombstone)
		case h.values[key] != want.value:
			return t.violated(key, "node %d answers %q", h.node, h.values[key])
		}
	}
	for key, e := range h.entries {
		if t.best[key] == nil {
			return t.violated(key, "node %d holds version %s of a key that nobody has written", h.node, e.Version)
		}
	}
	return nil
}

func (t *truth) violated(key, format string, args ...any) error {
	v := &report.Violation{Key: key, What: fmt.Sprintf(format, args...)}
	writes := t.writes[key]
	for _, e := range writes[max(0, len(writes)-report.MaxLog):] {
		v.Log = append(v.Log, e.String())
	}
	return v
}

// writeVersion is the version of a write as owlcache shows it: milliseconds.counter@node,
// the node in hexadecimal. The zero value is before all.
type writeVersion struct{ millis, counter, node uint64 }

func parseWriteVersion(s string) (v writeVersion, err error) {
	if n, err := fmt.Sscanf(s, "%d.%d@%x", &v.millis, &v.counter, &v.node); n != 3 || err != nil {
		return v, fmt.Errorf("version %q: want milliseconds.counter@node", s)
	}
	return v, nil
}

func (v writeVersion) compare(o writeVersion) int {
	return cmp.Or(cmp.Compare(v.millis, o.millis), cmp.Compare(v.counter, o.counter), cmp.Compare(v.node, o.node))
}

func (v writeVersion) String() string { return fmt.Sprintf("%d.%d@%x", v.millis, v.counter, v.node) }
