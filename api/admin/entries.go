package admin

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/engine"
)

const (
	// maxBuckets is how many buckets one request may ask for.
	maxBuckets = 64
	// maxLists is how many such answers are made at once.
	maxLists = 8
	// bucketsAtOnce is how many buckets are listed together; their hashes are held.
	bucketsAtOnce = 16
	// entryBuffer is how many bytes of lines are made at once, under the store's lock.
	entryBuffer = 256 << 10
)

// ServeEntries serves /admin/cluster/entries?buckets=1,2,…: a line for each entry whose
// key is in one of these buckets of the digest,
//
//	{"key":"aGVsbG8=","version":"1765000000000.0@1f","tombstone":false,"size":5}
//
// ordered by the hash of the key. The key is in base64, size is that of the value.
func (s *Server) ServeEntries(x *exchange.Exchange, store node.Store) {
	buckets, err := parseBuckets(string(x.Ctx.QueryArgs().Peek("buckets")))
	if err != nil {
		x.Refuse(fault.Refusal{Status: 400, Reason: err.Error()})
		return
	}
	select {
	case s.lists <- struct{}{}:
	default:
		x.Refuse(fault.Unavailable("other lists of entries are being sent: try again later"))
		return
	}
	x.Ctx.Response.Header.Set("Cache-Control", "no-store")
	x.Ctx.SetContentType("application/x-ndjson")
	x.Ctx.Response.SetBodyStream(&entryStream{srv: s, conn: x.Conn, store: store, buckets: buckets}, -1)
}

// parseBuckets returns the numbers in order, each once.
func parseBuckets(s string) ([]uint64, error) {
	var buckets []uint64
	for digits := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || n >= engine.Buckets {
			return nil, fmt.Errorf("buckets: want numbers from 0 to %d, separated by commas", engine.Buckets-1)
		}
		if len(buckets) == maxBuckets {
			return nil, fmt.Errorf("buckets: want at most %d at once", maxBuckets)
		}
		buckets = append(buckets, n)
	}
	slices.Sort(buckets)
	return slices.Compact(buckets), nil
}

// entryStream makes the lines while the HTTP server reads them, in the goroutine of the connection.
type entryStream struct {
	srv     *Server
	conn    *conn.Conn
	store   node.Store
	buckets []uint64 // not yet listed
	hashes  []uint64 // of entries that are to be sent, ascending
	items   []engine.Item
	buf     []byte // lines
	sent    int    // bytes of buf
	closed  bool
}

func (e *entryStream) Read(p []byte) (int, error) {
	for e.sent == len(e.buf) {
		if len(e.hashes) == 0 && len(e.buckets) == 0 {
			return 0, io.EOF
		}
		if e.srv.node.Stopped() {
			return 0, errors.New("the server stops")
		}
		e.fill()
	}
	n := copy(p, e.buf[e.sent:])
	e.sent += n
	return n, e.conn.Extend()
}

func (e *entryStream) Close() error {
	if !e.closed {
		e.closed = true
		<-e.srv.lists
	}
	return nil
}

// fill makes the next lines; none, if their entries have just gone.
func (e *entryStream) fill() {
	e.buf, e.sent = e.buf[:0], 0
	if len(e.hashes) == 0 {
		e.list()
	}
	left := len(e.hashes)
	last := uint64(0)
	e.store.Entries(e.hashes, func(entry *engine.Entry) bool {
		hash := engine.KeyHash(entry.Key)
		if len(e.buf) >= entryBuffer && hash != last {
			left, _ = slices.BinarySearch(e.hashes, hash)
			return false
		}
		last = hash
		e.buf = appendEntryLine(e.buf, entry)
		return true
	})
	e.hashes = e.hashes[left:]
}

func (e *entryStream) list() {
	n := min(len(e.buckets), bucketsAtOnce)
	const width = 1 << 64 / engine.Buckets
	ranges := make([]engine.HashRange, n)
	for i, b := range e.buckets[:n] {
		ranges[i] = engine.HashRange{First: b * width, Last: b*width + (width - 1)}
	}
	e.buckets = e.buckets[n:]
	e.items = e.store.Items(e.items[:0], ranges)
	for _, item := range e.items {
		if len(e.hashes) == 0 || e.hashes[len(e.hashes)-1] != item.Hash {
			e.hashes = append(e.hashes, item.Hash)
		}
	}
}

func appendEntryLine(dst []byte, e *engine.Entry) []byte {
	dst = append(dst, `{"key":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, e.Key)
	dst = append(dst, `","version":"`...)
	dst = append(dst, e.Version.String()...)
	dst = append(dst, `","tombstone":`...)
	dst = strconv.AppendBool(dst, e.Tombstone)
	dst = append(dst, `,"size":`...)
	dst = strconv.AppendInt(dst, int64(len(e.Value)), 10)
	return append(dst, "}\n"...)
}
