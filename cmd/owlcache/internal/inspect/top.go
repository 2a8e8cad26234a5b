package inspect

import (
	"container/heap"
	"slices"
)

// top keeps the first few of many values, in an order.
type top[T any] struct {
	most   int
	before func(a, b *T) bool // a comes before b
	values []T                // a heap, the last of them first
	total  int64              // how many there were
}

// wants tells whether v is among the first of those that were there. It counts v,
// which may be incomplete otherwise, and is called once for each.
func (t *top[T]) wants(v *T) bool {
	t.total++
	return len(t.values) < t.most || t.before(v, &t.values[0])
}

// put takes v, which is wanted.
func (t *top[T]) put(v T) {
	if len(t.values) < t.most {
		heap.Push((*topHeap[T])(t), v)
		return
	}
	t.values[0] = v
	heap.Fix((*topHeap[T])(t), 0)
}

// sorted returns what is kept, in order.
func (t *top[T]) sorted() []T {
	slices.SortFunc(t.values, func(a, b T) int {
		switch {
		case t.before(&a, &b):
			return -1
		case t.before(&b, &a):
			return +1
		}
		return 0
	})
	return t.values
}

// topHeap makes a top a heap.Interface.
type topHeap[T any] top[T]

func (h *topHeap[T]) Len() int           { return len(h.values) }
func (h *topHeap[T]) Less(i, j int) bool { return h.before(&h.values[j], &h.values[i]) }
func (h *topHeap[T]) Swap(i, j int)      { h.values[i], h.values[j] = h.values[j], h.values[i] }
func (h *topHeap[T]) Push(v any)         { h.values = append(h.values, v.(T)) }
func (h *topHeap[T]) Pop() any           { panic("nothing is taken from it") }
