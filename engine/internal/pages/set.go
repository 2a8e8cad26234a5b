package pages

// Set is a set of page numbers.
type Set []uint64

func newSet(count uint64) Set { return make(Set, count/64+1) }

// Has tells whether the page is in the set.
func (s Set) Has(id uint64) bool { return id/64 < uint64(len(s)) && s[id/64]&(1<<(id%64)) != 0 }

// add tells whether the page was new.
func (s Set) add(id uint64) bool {
	if id/64 >= uint64(len(s)) || s.Has(id) {
		return false
	}
	s[id/64] |= 1 << (id % 64)
	return true
}
