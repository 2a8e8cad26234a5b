package inspect

import "slices"

// top keeps the first few of many values, in an order.
type top[T any] struct {
	most    int
	compare func(a, b *T) int
	values  []T   // not many more than twice as many as are kept
	full    bool  // the first of values are sorted, and as many as are kept
	total   int64 // how many there were
}

// wants tells whether v is among the first of those that were there. It counts v,
// which may be incomplete otherwise, and is called once for each.
func (t *top[T]) wants(v *T) bool {
	t.total++
	return !t.full || t.compare(v, &t.values[t.most-1]) < 0
}

// put takes v, which is wanted.
func (t *top[T]) put(v T) {
	t.values = append(t.values, v)
	if len(t.values)-t.most >= max(t.most, 1000) {
		t.sorted()
	}
}

// sorted returns what is kept, in order.
func (t *top[T]) sorted() []T {
	slices.SortFunc(t.values, func(a, b T) int { return t.compare(&a, &b) })
	if len(t.values) >= t.most {
		clear(t.values[t.most:])
		t.values, t.full = t.values[:t.most], true
	}
	return t.values
}
