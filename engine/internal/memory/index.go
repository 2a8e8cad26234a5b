package memory

// index is a hash table with open addressing: a slot says where in the arena an
// entry lies, and holds 24 bits of the hash, the tag, so that hardly any key is
// compared in vain and the table can grow without looking at an entry.
//
//	slot = tag (24 bits) | chunk (22 bits) | offset in the chunk (18 bits); 0 = empty
type index struct {
	slots []uint64 // a power of two
	used  int
}

// ref is the place of an entry in an arena: chunk and offset. Chunk 0 is not used,
// so that no ref is 0.
type ref uint64

const (
	tagBits    = 24
	offsetBits = 18
	refBits    = 64 - tagBits

	minSlots = 16
)

// tagOf returns the tag in a hash or in a slot: its upper bits.
func tagOf(v uint64) uint64 { return v >> refBits }

func refOf(slot uint64) ref { return ref(slot & (1<<refBits - 1)) }

func slotOf(tag uint64, at ref) uint64 { return tag<<refBits | uint64(at) }

func (x *index) home(tag uint64) int { return int(tag) & (len(x.slots) - 1) }

func (x *index) after(i int) int { return (i + 1) & (len(x.slots) - 1) }

func (x *index) distance(i, to int) int { return (to - i) & (len(x.slots) - 1) }

// insert adds an entry whose key is not there.
func (x *index) insert(tag uint64, at ref) {
	if (x.used+1)*8 > len(x.slots)*7 && len(x.slots) < 1<<tagBits || x.used+1 >= len(x.slots) {
		x.resize(max(minSlots, 2*len(x.slots)))
	}
	x.place(slotOf(tag, at))
	x.used++
}

func (x *index) place(slot uint64) {
	i := x.home(tagOf(slot))
	for x.slots[i] != 0 {
		i = x.after(i)
	}
	x.slots[i] = slot
}

func (x *index) resize(n int) {
	old := x.slots
	x.slots = make([]uint64, n)
	for _, slot := range old {
		if slot != 0 {
			x.place(slot)
		}
	}
}

// remove empties slot i and moves up what lies behind it, so that no search ends
// early.
func (x *index) remove(i int) {
	x.used--
	for j := x.after(i); x.slots[j] != 0; j = x.after(j) {
		// The slot at j may move to i if i is not before its home.
		if home := x.home(tagOf(x.slots[j])); x.distance(home, j) >= x.distance(i, j) {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = 0
	if len(x.slots) > minSlots && x.used < len(x.slots)/8 {
		x.resize(len(x.slots) / 2)
	}
}

// locate returns the slot of the entry at, which must be there.
func (x *index) locate(tag uint64, at ref) int {
	for i, want := x.home(tag), slotOf(tag, at); ; i = x.after(i) {
		if x.slots[i] == want {
			return i
		}
	}
}
