package engine

import (
	"errors"
	"hash/fnv"
	"io"
	"math"
	"slices"

	"owlcache/engine/internal/format"
)

// Reading of a bbolt file that is damaged: what is wrong is passed by, not refused.
// pages.go has the layout. Everything is bounded: each page is read a few times at
// most, and no length is believed that the file does not have.

// maxPageRun is how many bytes one page, with those that follow it, may have: bbolt puts
// up to four entries into a leaf, however large they are.
const maxPageRun = 5 * format.MaxValueSize

// pageFile reads pages.
type pageFile struct {
	f        io.ReaderAt
	size     int64 // of the file
	pageSize int64
	count    uint64 // pages that are there, the last one perhaps in part
}

// metaPage is one of the two meta pages, as far as it can be read.
type metaPage struct {
	at       int64 // its offset
	valid    bool  // the checksum is right
	root     uint64
	freelist uint64
	pages    uint64
	txid     uint64
}

// openPages finds out the size of the pages and reads the meta pages.
func openPages(f io.ReaderAt, size int64) (*pageFile, []metaPage) {
	p := &pageFile{f: f, size: size}
	for at := int64(0); at <= maxPageSize; at = max(minPageSize, 2*at) {
		b := p.bytes(at, pageHeader+metaLen)
		pageSize := int64(le.Uint32(b[pageHeader+8:]))
		if parseMetaPage(b).valid && (at == 0 || at == pageSize) {
			p.pageSize = pageSize
			break
		}
	}
	if p.pageSize == 0 {
		p.pageSize = p.guessPageSize()
	}
	p.count = uint64((size + p.pageSize - 1) / p.pageSize)
	var metas []metaPage
	for _, at := range []int64{0, p.pageSize} {
		m := parseMetaPage(p.bytes(at, pageHeader+metaLen))
		m.at = at
		metas = append(metas, m)
	}
	return p, metas
}

func parseMetaPage(b []byte) metaPage {
	b = b[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56]) // a hash does not fail
	size := le.Uint32(b[8:])
	return metaPage{
		valid: le.Uint32(b) == bboltMagic && le.Uint64(b[56:]) == sum.Sum64() && size >= minPageSize && size <= maxPageSize,
		root:  le.Uint64(b[16:]), freelist: le.Uint64(b[32:]), pages: le.Uint64(b[40:]), txid: le.Uint64(b[48:]),
	}
}

// guessPageSize returns the size with which most pages bear their own number.
func (p *pageFile) guessPageSize() (best int64) {
	most := -1
	for size := int64(maxPageSize); size >= minPageSize; size /= 2 {
		right := 0
		for id := int64(2); id < 4096 && id*size < p.size; id++ {
			if b := p.bytes(id*size, 8); le.Uint64(b) == uint64(id) {
				right++
			}
		}
		if right > most {
			most, best = right, size
		}
	}
	return best
}

// bytes returns n bytes from off on. What cannot be read is zeros.
func (p *pageFile) bytes(off, n int64) []byte {
	const sector = 512
	b := make([]byte, n)
	for at := int64(0); at < n; {
		got, err := p.f.ReadAt(b[at:], off+at)
		at += int64(got)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			at = (off+at)/sector*sector + sector - off
		}
	}
	return b
}

// page is a page with those that follow it.
type page struct {
	id     uint64
	b      []byte
	kind   uint16 // pageLeaf or pageBranch; 0 if it is neither
	count  int    // of elements
	follow uint64
	wrong  string // what of its header is not as it should be
	lo, hi []byte // its keys lie between, if the walk tells that; nil is no bound
}

// read reads the page id and makes the best of its header.
func (p *pageFile) read(id uint64) page {
	g := page{id: id, b: p.bytes(int64(id)*p.pageSize, p.pageSize)}
	g.kind, g.count, g.follow = le.Uint16(g.b[8:]), int(le.Uint16(g.b[10:])), uint64(le.Uint32(g.b[12:]))
	if le.Uint64(g.b) != id {
		g.wrong = "it bears another number"
	}
	g.guessCount()
	if g.kind != pageLeaf && g.kind != pageBranch {
		g.wrong = "it is of an unknown kind"
		g.guessKind(p)
	}
	switch g.kind {
	case pageLeaf:
		if want := p.extent(&g) - 1; g.follow != want {
			g.wrong, g.follow = "its length is wrong", want
		}
	case pageBranch:
		g.follow = min(g.follow, uint64(maxPageRun/p.pageSize), p.count-id-1)
	default:
		g.follow = 0
	}
	if g.follow > 0 {
		g.b = p.bytes(int64(id)*p.pageSize, int64(g.follow+1)*p.pageSize)
	}
	return g
}

// guessCount corrects the number of elements: the content begins right behind them.
func (g *page) guessCount() {
	room := (len(g.b) - pageHeader) / 16
	first := le.Uint32(g.b[pageHeader+4:]) // position of the first one's content
	if g.kind == pageBranch {
		first = le.Uint32(g.b[pageHeader:])
	}
	behind := int(first / 16)
	if g.count <= room && (behind == g.count && first%16 == 0 || g.count == 0 && first == 0) {
		return
	}
	g.wrong = "the number of its elements does not fit the first of them"
	g.count = min(g.count, room)
	if first%16 == 0 && behind >= 1 && behind <= room && (g.linked(0) || behind == 1 && !g.chained()) {
		g.count = behind
	}
}

// linked tells whether the content of element i+1 lies right behind that of i.
func (g *page) linked(i int) bool {
	at := pageHeader + 16*i
	if at+32 > len(g.b) {
		return false
	}
	pos, length, next := le.Uint32(g.b[at+4:]), int64(le.Uint32(g.b[at+8:]))+int64(le.Uint32(g.b[at+12:])), le.Uint32(g.b[at+20:])
	if g.kind == pageBranch {
		pos, length, next = le.Uint32(g.b[at:]), int64(le.Uint32(g.b[at+4:])), le.Uint32(g.b[at+16:])
	}
	return int64(pos)+length-16 == int64(next)
}

// chained tells whether all elements but the first are linked, and there are any.
func (g *page) chained() bool {
	for i := 1; i < g.count-1; i++ {
		if !g.linked(i) {
			return false
		}
	}
	return g.count > 2
}

// guessKind decides by the content what a page is.
func (g *page) guessKind(p *pageFile) {
	for _, kind := range []uint16{pageLeaf, pageBranch} {
		try := page{id: g.id, b: g.b, kind: kind, count: int(le.Uint16(g.b[10:]))}
		try.guessCount()
		good := 0
		for i := range try.count {
			if kind == pageLeaf {
				e := try.element(i)
				if _, err := format.DecodeValue(e.key, e.value); err == nil || e.flags == 1 && e.ok {
					good++
				}
			} else if key, child, ok := try.child(i); ok && len(key) > 0 && child >= 2 && child < p.count {
				good++
			}
		}
		if good > 0 && 2*good >= try.count {
			g.kind, g.count = kind, try.count
			return
		}
	}
	g.kind, g.count = 0, 0
}

// extent returns how many pages a leaf takes: as many as its last element needs if
// that is good, else what the header says, if that is possible.
func (p *pageFile) extent(g *page) uint64 {
	end, possible := g.contentEnd(), uint64(maxPageRun/p.pageSize)
	possible = min(possible, p.count-g.id)
	byElements, byHeader := uint64(end-1)/uint64(p.pageSize)+1, g.follow+1
	if byElements == byHeader || byHeader > possible {
		return min(byElements, possible)
	}
	if byElements <= possible && g.count > 0 {
		whole := page{id: g.id, b: p.bytes(int64(g.id)*p.pageSize, int64(byElements)*p.pageSize), kind: pageLeaf, count: g.count}
		last := whole.element(g.count - 1)
		if _, err := decodeElement(&last); err == nil || last.flags == elementBucket && last.ok {
			return byElements
		}
	}
	return byHeader
}

// contentEnd returns where the content of a leaf ends by its elements. Each begins
// where the one before it ends: one that does not is damaged, and is not believed.
func (g *page) contentEnd() int64 {
	end := int64(pageHeader)
	for i := range g.count {
		at := int64(pageHeader + 16*i)
		start := at + int64(le.Uint32(g.b[at+4:]))
		first := i == 0 && start == int64(pageHeader+16*g.count)
		last := i == g.count-1
		switch begins := first || i > 0 && g.linked(i-1); {
		case g.linked(i), last && begins:
			end = max(end, start+int64(le.Uint32(g.b[at+8:]))+int64(le.Uint32(g.b[at+12:])))
		case begins:
			end = max(end, start)
		}
	}
	return end
}

// element is an element of a leaf page.
type element struct {
	flags      uint32
	key, value []byte
	ok         bool // both lie inside of the page
}

func (g *page) element(i int) (e element) {
	at := pageHeader + 16*i
	pos, k, v := le.Uint32(g.b[at+4:]), le.Uint32(g.b[at+8:]), le.Uint32(g.b[at+12:])
	e.flags = le.Uint32(g.b[at:])
	var ok1, ok2 bool
	e.key, ok1 = part(g.b, at+int(pos), int(k))
	e.value, ok2 = part(g.b, at+int(pos)+int(k), int(v))
	e.ok = ok1 && ok2
	return e
}

// child returns an element of a branch page.
func (g *page) child(i int) (key []byte, id uint64, ok bool) {
	at := pageHeader + 16*i
	key, ok = part(g.b, at+int(le.Uint32(g.b[at:])), int(le.Uint32(g.b[at+4:])))
	return key, le.Uint64(g.b[at+8:]), ok
}

// pageSet is a set of page numbers.
type pageSet []uint64

func newPageSet(count uint64) pageSet { return make(pageSet, count/64+1) }

func (s pageSet) has(id uint64) bool { return id/64 < uint64(len(s)) && s[id/64]&(1<<(id%64)) != 0 }

// add tells whether the page was new.
func (s pageSet) add(id uint64) bool {
	if id/64 >= uint64(len(s)) || s.has(id) {
		return false
	}
	s[id/64] |= 1 << (id % 64)
	return true
}

// readFreelist returns the free pages. ok is false if it cannot be believed.
func (p *pageFile) readFreelist(m *metaPage) (free pageSet, self page, ok bool) {
	free = newPageSet(p.count)
	if m.freelist < 2 || m.freelist >= p.count {
		return free, self, false
	}
	b := p.bytes(int64(m.freelist)*p.pageSize, p.pageSize)
	n, follow := uint64(le.Uint16(b[10:])), uint64(le.Uint32(b[12:]))
	if le.Uint64(b) != m.freelist || le.Uint16(b[8:]) != pageFreelist || follow >= p.count-m.freelist {
		return free, self, false
	}
	self = page{id: m.freelist, follow: follow}
	b = p.bytes(int64(m.freelist)*p.pageSize, int64(follow+1)*p.pageSize)[pageHeader:]
	if n == math.MaxUint16 {
		n, b = le.Uint64(b), b[8:]
	}
	if n > uint64(len(b)/8) {
		return free, self, false
	}
	ids := make([]uint64, n)
	for i := range ids {
		if ids[i] = le.Uint64(b[8*i:]); ids[i] < 2 || ids[i] >= m.pages || !free.add(ids[i]) {
			return free, self, false
		}
	}
	return free, self, slices.IsSorted(ids)
}
