package pages

import (
	"math"
	"slices"
)

// Free returns how many pages are free, after all buckets have been visited. A page that
// is both free and in use would be written over. The error is an *Error.
func (w *Walk) Free() (count uint64, err error) {
	if w.Meta.Freelist == NoFreelist {
		return 0, nil
	}
	g, ids, bad := w.freelist()
	if bad == nil {
		bad = w.mark(&g)
	}
	if bad != nil {
		return 0, bad
	}
	for i := 0; i < len(ids); i += 8 {
		if id := le.Uint64(ids[i:]); id >= w.Pages || !w.seen.add(id) {
			return 0, Errorf(w.Meta.Freelist, "page %d is in the freelist, and in use", id)
		}
	}
	return uint64(len(ids) / 8), nil
}

// FreeSet returns the free pages before a bucket has been visited. ok is false if the
// list cannot be believed.
func (w *Walk) FreeSet() (free Set, ok bool) {
	free = newSet(w.File.Count())
	g, b, bad := w.freelist()
	if bad != nil {
		return free, false
	}
	ids := make([]uint64, len(b)/8)
	for i := range ids {
		if ids[i] = le.Uint64(b[8*i:]); ids[i] < 2 || ids[i] >= w.Meta.Pages || !free.add(ids[i]) {
			return free, false
		}
	}
	if !slices.IsSorted(ids) {
		return free, false
	}
	w.Mark(&g)
	return free, true
}

// freelist returns the page with the list, and the numbers of the free pages, eight bytes
// each.
func (w *Walk) freelist() (g Page, ids []byte, bad *Error) {
	id := w.Meta.Freelist
	if id < 2 || id >= w.Pages {
		return g, nil, Errorf(id, "page %d is no freelist: there are %d pages", id, w.Pages)
	}
	if g, bad = w.File.header(id, w.Pages); bad == nil && g.Kind != Freelist {
		bad = Errorf(id, "it is of kind %#x", g.Kind)
	}
	if bad != nil {
		return g, nil, Errorf(id, "page %d is no freelist: %s", id, bad.Why)
	}
	if bad := w.File.content(&g); bad != nil {
		return g, nil, bad
	}
	ids, count := g.b[HeaderSize:], uint64(g.Count)
	if g.Count == math.MaxUint16 { // the true count comes first
		count, ids = le.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return g, nil, Errorf(id, "the freelist says that it has %d elements", count)
	}
	return g, ids[:8*count], nil
}
