package pages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"

	"owlcache/engine/internal/format"
)

// The layout is that of bbolt 1.x, internal/common; all little-endian:
//
//	page, 16 bytes              meta page, behind the header     elements, behind the header
//	 0  8  its number            0  4  magic                      branch: 4 pos, 4 key size, 8 page
//	 8  2  flags                 4  4  version, 2                 leaf:   4 flags, 4 pos, 4 key size,
//	10  2  count of elements     8  4  page size                          4 value size
//	12  4  pages that follow    16  8  root page                 pos counts from the element
//	                            32  8  page of the freelist
//	freelist, behind the header 40  8  number of pages           bucket, 16 bytes, is the value of
//	 0  8  each free page;      48  8  transaction               a leaf element with flag 1:
//	if count is 0xffff, the     56  8  FNV-1a of 0..55           0  8  root page, 0 = inline: a page
//	true one comes first                                               follows in the value
const (
	HeaderSize  = 16 // of a page
	MetaSize    = 64 // of what a meta page has behind its header
	ElementSize = 16

	Magic       = 0xED0CDAED
	MagicOffset = HeaderSize // in the file

	// Flags of pages.
	Branch   = 1
	Leaf     = 2
	MetaKind = 4
	Freelist = 16

	// BucketFlag is the flag of an element that is a bucket.
	BucketFlag   = 1
	bucketHeader = 16

	MinPageSize = 1 << 10
	MaxPageSize = 64 << 10

	// NoFreelist is Meta.Freelist of a file that does not store it.
	NoFreelist = math.MaxUint64

	maxDepth = 64
	// maxRun is how many bytes one page, with those that follow it, may have: bbolt puts
	// up to four entries into a leaf, however large they are.
	maxRun = 5 * format.MaxValueSize
)

var le = binary.LittleEndian

// Meta is one of the two meta pages, as far as it can be read.
type Meta struct {
	At       int64 // its offset
	Valid    bool  // the checksum is right
	Named    bool  // its header is right, which nobody reads
	Root     uint64
	Freelist uint64
	Pages    uint64
	Txid     uint64

	pageSize int64
}

func decodeMeta(b []byte, at int64) Meta {
	header, b := b, b[HeaderSize:]
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56]) // a hash does not fail
	size := int64(le.Uint32(b[8:]))
	return Meta{
		At: at, pageSize: size,
		Valid: le.Uint32(b) == Magic && le.Uint64(b[56:]) == sum.Sum64() && size >= MinPageSize && size <= MaxPageSize,
		Named: le.Uint64(header) == uint64(min(at, 1)) && le.Uint16(header[8:]) == MetaKind,
		Root:  le.Uint64(b[16:]), Freelist: le.Uint64(b[32:]), Pages: le.Uint64(b[40:]), Txid: le.Uint64(b[48:]),
	}
}

// Page is a page with those that follow it.
type Page struct {
	ID     uint64
	Kind   uint16 // Leaf or Branch; 0 if it could not be read
	Count  int    // of elements
	Follow uint64 // pages
	Wrong  string // what a lenient reader did not believe of its header

	b []byte
}

// decodeHeader decodes the header of the page id, and tells whether it has that number.
func decodeHeader(id uint64, b []byte) (g Page, named bool) {
	return Page{ID: id, Kind: le.Uint16(b[8:]), Count: int(le.Uint16(b[10:])), Follow: uint64(le.Uint32(b[12:]))}, le.Uint64(b) == id
}

// Size returns the length of the page in bytes.
func (g *Page) Size() int64 { return int64(len(g.b)) }

func (g *Page) fits() bool { return HeaderSize+g.Count*ElementSize <= len(g.b) }

// Element is an element of a leaf page.
type Element struct {
	Flags      uint32
	Key, Value []byte
	OK         bool // both lie inside of the page
}

// Element returns the element i of a leaf page.
func (g *Page) Element(i int) (e Element) {
	at := HeaderSize + ElementSize*i
	pos, k, v := le.Uint32(g.b[at+4:]), le.Uint32(g.b[at+8:]), le.Uint32(g.b[at+12:])
	e.Flags = le.Uint32(g.b[at:])
	var ok1, ok2 bool
	e.Key, ok1 = part(g.b, at+int(pos), int(k))
	e.Value, ok2 = part(g.b, at+int(pos)+int(k), int(v))
	e.OK = ok1 && ok2
	return e
}

func (g *Page) child(i int) (key []byte, id uint64, ok bool) {
	at := HeaderSize + ElementSize*i
	key, ok = part(g.b, at+int(le.Uint32(g.b[at:])), int(le.Uint32(g.b[at+4:])))
	return key, le.Uint64(g.b[at+8:]), ok
}

// span returns where the content of an element begins in its page, and its length, as
// the element says.
func (g *Page) span(i int) (start, length int64) {
	at := HeaderSize + ElementSize*i
	field := func(n int) int64 { return int64(le.Uint32(g.b[at+n:])) }
	if g.Kind == Branch {
		return int64(at) + field(0), field(4)
	}
	return int64(at) + field(4), field(8) + field(12)
}

// End returns where the content of a leaf ends, as its elements say.
func (g *Page) End() int64 {
	end := int64(HeaderSize)
	for i := range g.Count {
		start, length := g.span(i)
		end = max(end, start+length)
	}
	return end
}

// part returns n bytes of b from off on, if they are there.
func part(b []byte, off, n int) ([]byte, bool) {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil, false
	}
	return b[off : off+n], true
}

// InRange tells whether a key lies in [lo, hi); nil is no bound.
func InRange(key, lo, hi []byte) bool {
	return (lo == nil || bytes.Compare(key, lo) >= 0) && (hi == nil || bytes.Compare(key, hi) < 0)
}

// Error says what is wrong with a page.
type Error struct {
	Page   uint64 // 0 if it is not one page
	Parent uint64 // the page that leads to it
	Lo, Hi []byte // the keys that belong there, Hi not included; nil is no bound
	Why    string
	Lost   bool  // nothing of the page could be read
	Err    error // of the file, if that could not be read
}

func (e *Error) Error() string { return e.Why }

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error of a page that could be read.
func Errorf(id uint64, format string, args ...any) *Error {
	return &Error{Page: id, Why: fmt.Sprintf(format, args...)}
}

func lost(id uint64, format string, args ...any) *Error {
	e := Errorf(id, format, args...)
	e.Lost = true
	return e
}

// ShownKey renders a key of a damaged file for people, shortened.
func ShownKey(key []byte) string {
	const most = 60
	if len(key) <= most {
		return strconv.QuoteToASCII(string(key))
	}
	return fmt.Sprintf("%s… (%d bytes)", strconv.QuoteToASCII(string(key[:most])), len(key))
}
