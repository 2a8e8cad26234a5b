package pages

// Reading of a page whose header may be wrong. Elements and what they point to show how
// many elements there are, of which kind, and where the page ends.

// guessPageSize returns the size with which most pages bear their own number.
func (p *File) guessPageSize() (best int64) {
	most := -1
	for size := int64(MaxPageSize); size >= MinPageSize; size /= 2 {
		right := 0
		for id := int64(2); id < 4096 && id*size < p.Size; id++ {
			if b := p.Bytes(id*size, 8); le.Uint64(b) == uint64(id) {
				right++
			}
		}
		if right > most {
			most, best = right, size
		}
	}
	return best
}

// MayBeLeaf tells by its header whether a page may be a leaf: it bears its number, or
// says that it is one.
func (p *File) MayBeLeaf(id uint64) bool {
	g, named := decodeHeader(id, p.Bytes(int64(id)*p.PageSize, HeaderSize))
	return named || g.Kind == Leaf
}

// Read reads the page id and makes the best of its header.
func (p *File) Read(id uint64) Page {
	b := p.Bytes(int64(id)*p.PageSize, p.PageSize)
	g, named := decodeHeader(id, b)
	if g.b = b; !named {
		g.Wrong = "it bears another number"
	}
	g.guessCount()
	if g.Kind != Leaf && g.Kind != Branch {
		g.Wrong = "it is of an unknown kind"
		g.guessKind(p)
	}
	switch g.Kind {
	case Leaf:
		if want := p.extent(&g) - 1; g.Follow != want {
			g.Wrong, g.Follow = "its length is wrong", want
		}
	case Branch:
		g.Follow = min(g.Follow, uint64(maxRun/p.PageSize), p.Count()-id-1)
	default:
		g.Follow = 0
	}
	if g.Follow > 0 {
		g.b = p.Bytes(int64(id)*p.PageSize, int64(g.Follow+1)*p.PageSize)
	}
	return g
}

// guessCount corrects the number of elements: the content begins right behind them.
func (g *Page) guessCount() {
	room := (len(g.b) - HeaderSize) / ElementSize
	first, _ := g.span(0)
	first -= HeaderSize
	behind := int(first / ElementSize)
	if g.Count <= room && (behind == g.Count && first%ElementSize == 0 || g.Count == 0 && first == 0) {
		return
	}
	g.Wrong = "the number of its elements does not fit the first of them"
	g.Count = min(g.Count, room)
	if first%ElementSize == 0 && behind >= 1 && behind <= room && (g.linked(0) || behind == 1 && !g.chained()) {
		g.Count = behind
	}
}

// linked tells whether the content of element i+1 lies right behind that of i.
func (g *Page) linked(i int) bool {
	if HeaderSize+ElementSize*(i+2) > len(g.b) {
		return false
	}
	start, length := g.span(i)
	next, _ := g.span(i + 1)
	return start+length == next
}

// chained tells whether all elements but the first are linked, and there are any.
func (g *Page) chained() bool {
	for i := 1; i < g.Count-1; i++ {
		if !g.linked(i) {
			return false
		}
	}
	return g.Count > 2
}

// guessKind decides by the content what a page is.
func (g *Page) guessKind(p *File) {
	for _, kind := range []uint16{Leaf, Branch} {
		try := Page{ID: g.ID, b: g.b, Kind: kind, Count: int(le.Uint16(g.b[10:]))}
		try.guessCount()
		good := 0
		for i := range try.Count {
			if kind == Leaf {
				if e := try.Element(i); e.good() {
					good++
				}
			} else if key, child, ok := try.child(i); ok && len(key) > 0 && child >= 2 && child < p.Count() {
				good++
			}
		}
		if good > 0 && 2*good >= try.Count {
			g.Kind, g.Count = kind, try.Count
			return
		}
	}
	g.Kind, g.Count = 0, 0
}

// good tells whether an element is a good entry, or a bucket.
func (e *Element) good() bool {
	_, err := e.Entry()
	return err == nil || e.OK && e.Flags == BucketFlag
}

// extent returns how many pages a leaf takes: as many as its last element needs if
// that is good, else what the header says, if that is possible.
func (p *File) extent(g *Page) uint64 {
	end, possible := g.contentEnd(), uint64(maxRun/p.PageSize)
	possible = min(possible, p.Count()-g.ID)
	byElements, byHeader := uint64(end-1)/uint64(p.PageSize)+1, g.Follow+1
	if byElements == byHeader || byHeader > possible {
		return min(byElements, possible)
	}
	if byElements <= possible && g.Count > 0 {
		whole := Page{ID: g.ID, b: p.Bytes(int64(g.ID)*p.PageSize, int64(byElements)*p.PageSize), Kind: Leaf, Count: g.Count}
		if last := whole.Element(g.Count - 1); last.good() {
			return byElements
		}
	}
	return byHeader
}

// contentEnd returns where the content of a leaf ends by its elements. Each begins
// where the one before it ends: one that does not is damaged, and is not believed.
func (g *Page) contentEnd() int64 {
	end := int64(HeaderSize)
	for i := range g.Count {
		start, length := g.span(i)
		first := i == 0 && start == int64(HeaderSize+ElementSize*g.Count)
		last := i == g.Count-1
		switch begins := first || i > 0 && g.linked(i-1); {
		case g.linked(i), last && begins:
			end = max(end, start+length)
		case begins:
			end = max(end, start)
		}
	}
	return end
}
