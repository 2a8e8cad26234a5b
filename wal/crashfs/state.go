package crashfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// state is what can be seen: names, and what is behind them.
type state struct {
	names   map[string]int
	content map[int][]byte
}

func newState() state {
	return state{names: map[string]int{}, content: map[int][]byte{}}
}

// clone copies s and the contents of its files.
func (s *state) clone() state {
	c := state{names: maps.Clone(s.names), content: make(map[int][]byte, len(s.content))}
	for id, b := range s.content {
		c.content[id] = slices.Clone(b)
	}
	return c
}

func (s *state) inodes() int { return len(s.content) }

func (s *state) bytes() (sum int64) {
	for _, id := range s.names {
		sum += int64(len(s.content[id]))
	}
	return sum
}

// growth returns by how many bytes op would grow its file.
func (s *state) growth(op Op) int64 {
	switch op.Kind {
	case Write, Allocate:
		return max(0, op.off+int64(len(op.data))-int64(len(s.content[op.inode])))
	}
	return 0
}

func (s *state) apply(op Op) {
	switch op.Kind {
	case Create, Rename, Remove:
		s.applyName(op)
	case Write:
		s.resize(op.inode, max(op.off+int64(len(op.data)), int64(len(s.content[op.inode]))))
		copy(s.content[op.inode][op.off:], op.data)
	case Truncate:
		s.resize(op.inode, op.off)
	case Allocate:
		s.resize(op.inode, max(op.off, int64(len(s.content[op.inode]))))
	}
}

func (s *state) applyName(op Op) {
	switch op.Kind {
	case Create:
		s.names[op.Path] = op.inode
		if _, ok := s.content[op.inode]; !ok {
			s.content[op.inode] = nil
		}
	case Rename:
		if id, ok := s.names[op.Path]; ok {
			s.names[op.to] = id
			delete(s.names, op.Path)
		}
	case Remove:
		delete(s.names, op.Path)
	}
}

func (s *state) resize(id int, size int64) {
	b := s.content[id]
	if int64(len(b)) >= size {
		s.content[id] = b[:size:size]
		return
	}
	s.content[id] = append(slices.Clip(b), make([]byte, size-int64(len(b)))...)
}

// Survival decides what of the unsynced survives a crash.
type Survival struct {
	Name string
	// Keep is asked for each sector, change of size and change of a name, in order.
	Keep func(Kind) bool
}

// Survivals returns the patterns that are worth trying: nothing, everything,
// names without data, data without names, and n random ones.
func Survivals(n int, seed uint64) []Survival {
	list := []Survival{
		{"nothing", func(Kind) bool { return false }},
		{"everything", func(Kind) bool { return true }},
		{"names", func(k Kind) bool { return k == Create || k == Rename || k == Remove }},
		{"sizes", func(k Kind) bool { return k != Write }},
		{"data", func(k Kind) bool { return k == Write || k == Truncate || k == Allocate }},
	}
	for i := range n {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		p := []float64{0.1, 0.5, 0.9}[i%3]
		list = append(list, Survival{"random", func(Kind) bool { return rnd.Float64() < p }})
	}
	return list
}

// Crash returns the file system as it may be after a crash behind the first n
// operations: what was synced, and what keep lets survive of the rest.
func (f *FS) Crash(n int, s Survival) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	synced := map[int]int{} // inode → the last sync of it
	dirSync := -1
	for i, op := range f.trace[:n] {
		switch op.Kind {
		case Sync:
			synced[op.inode] = i
		case SyncDir:
			dirSync = i
		}
	}
	after := f.base.clone()
	for i, op := range f.trace[:n] {
		switch op.Kind {
		case Create, Rename, Remove:
			if op.Kind == Create {
				after.content[op.inode] = nil // the inode is there, its name may not be
			}
			if i < dirSync || s.Keep(op.Kind) {
				after.applyName(op)
			}
		case Write, Truncate, Allocate:
			if at, ok := synced[op.inode]; ok && i < at {
				after.apply(op)
			} else {
				after.applyPart(op, s)
			}
		}
	}
	crashed := New()
	crashed.base, crashed.view = after, after.clone()
	return crashed
}

// applyPart applies what survives of an operation that was not synced.
func (s *state) applyPart(op Op, survival Survival) {
	if op.Kind != Write {
		if survival.Keep(op.Kind) {
			s.apply(op)
		}
		return
	}
	if survival.Keep(Truncate) { // the new size, with zeros or old data in it
		s.apply(Op{Kind: Allocate, inode: op.inode, off: op.off + int64(len(op.data))})
	}
	for off, end := op.off, op.off+int64(len(op.data)); off < end; {
		next := min(end, (off/SectorSize+1)*SectorSize)
		if survival.Keep(Write) {
			s.apply(Op{Kind: Write, inode: op.inode, off: off, data: op.data[off-op.off : next-op.off]})
		}
		off = next
	}
}
