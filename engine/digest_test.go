package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"owlcache/engine/internal/format"
)

// TestDigestFollowsTheEntries does anything that changes entries, in any order, and
// compares the digest with one that is made of all entries, and with that of another
// store which gets them in another order.
func TestDigestFollowsTheEntries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		m := &digestModel{t: r, path: t.TempDir(), opts: Options{
			SegmentSize:    4 << 10,
			Sync:           "no",
			TombstoneGrace: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(r, "grace"),
		}}
		m.start()
		defer func() { _ = m.store.stop() }()
		r.Repeat(map[string]func(*rapid.T){
			"set":        func(r *rapid.T) { m.one(r, Op{Kind: Set, Value: []byte("v"), Expires: m.expires(r)}) },
			"delete":     func(r *rapid.T) { m.one(r, Op{Kind: Delete}) },
			"expire":     func(r *rapid.T) { m.one(r, Op{Kind: Expire, Expires: m.expires(r)}) },
			"merge":      m.merge,
			"forget":     m.forget,
			"sweep":      m.sweep,
			"checkpoint": func(*rapid.T) { _ = m.store.Checkpoint(context.Background()) },
			"restart": func(r *rapid.T) {
				if err := m.store.stop(); err != nil {
					r.Fatal(err)
				}
				m.start()
			},
			"": m.check,
		})
		if err := copyAll(t, m.store, m.opts); err != nil {
			r.Fatal(err)
		}
	})
}

type digestModel struct {
	t     *rapid.T
	path  string
	opts  Options
	store *node
}

func (m *digestModel) start() {
	s, err := tryUnswept(m.path, m.opts)
	if err != nil {
		m.t.Fatalf("start: %v", err)
	}
	m.store = s
}

// tryUnswept starts a store that is swept only by the test, and forgets at full minutes.
func tryUnswept(path string, opts Options) (*node, error) {
	opts.SweepInterval = never
	s, err := tryNode(path, opts)
	if err == nil {
		s.committer.retention.every = time.Minute // before anything is submitted
	}
	return s, err
}

func (m *digestModel) key(r *rapid.T) []byte {
	return fmt.Appendf(nil, "k%d", rapid.IntRange(0, 12).Draw(r, "key"))
}

func (m *digestModel) expires(r *rapid.T) int64 {
	return rapid.SampledFrom([]int64{0, 1, time.Now().Add(time.Hour).UnixMilli()}).Draw(r, "expires")
}

func (m *digestModel) one(r *rapid.T, op Op) {
	op.Key = m.key(r)
	if err := m.store.Commit([]Op{op}); err != nil {
		r.Fatal(err)
	}
}

func (m *digestModel) merge(r *rapid.T) {
	entries := make([]Entry, rapid.IntRange(1, 4).Draw(r, "n"))
	for i := range entries {
		age := rapid.SampledFrom([]time.Duration{0, time.Minute, 2 * time.Hour}).Draw(r, "age")
		entries[i] = Entry{
			Key:       m.key(r),
			Version:   Version{Time: format.HybridTime(time.Now().Add(-age)), Node: rapid.Uint64Range(1, 3).Draw(r, "node")},
			Expires:   rapid.SampledFrom([]int64{0, 0, 1}).Draw(r, "expired"),
			Tombstone: rapid.Bool().Draw(r, "tombstone"),
		}
	}
	if _, err := m.store.Merge(entries); err != nil {
		r.Fatal(err)
	}
}

func (m *digestModel) forget(r *rapid.T) {
	items := m.store.Items(nil, allHashes)
	if len(items) == 0 {
		return
	}
	it := rapid.SampledFrom(items).Draw(r, "item")
	n, err := m.store.Forget([]Item{it})
	if err != nil || n == 1 == it.Tombstone {
		r.Fatalf("forget %+v: %d, %v", it, n, err)
	}
}

func (m *digestModel) sweep(r *rapid.T) {
	ahead := rapid.SampledFrom([]time.Duration{0, 2 * time.Hour}).Draw(r, "ahead")
	m.store.sweepOnce(context.Background(), time.Now().Add(ahead))
}

func (m *digestModel) check(r *rapid.T) {
	var got, want, listed Digest
	m.store.Digest(&got)
	n := 0
	m.store.table.Each(func(e *Entry) {
		h := KeyHash(e.Key)
		want[h>>52] ^= format.Fingerprint(h, e.Version, e.Tombstone)
		n++
	})
	for _, it := range m.store.Items(nil, allHashes) {
		listed[it.Hash>>52] ^= format.Fingerprint(it.Hash, it.Version, it.Tombstone)
		n--
	}
	if got != want || got != listed || n != 0 {
		r.Fatalf("the digest is not that of the entries, of which %d more are there than listed", n)
	}
}

// copyAll merges all entries of a store into another one, in a random order, and
// compares the digests.
func copyAll(t *testing.T, from *node, opts Options) error {
	to, err := tryUnswept(t.TempDir(), opts)
	if err != nil {
		return err
	}
	defer to.stop() //nolint:errcheck // the digests say whether all is there
	entries := entriesOf(from)
	rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for _, e := range entries {
		if _, err := to.Merge([]Entry{e, e}); err != nil {
			return err
		}
	}
	tick := retention{every: time.Minute}.tick(time.Now())
	from.sweepOnce(context.Background(), tick)
	to.sweepOnce(context.Background(), tick)
	var a, b Digest
	from.Digest(&a)
	to.Digest(&b)
	if a != b {
		return fmt.Errorf("the copy of %d entries has another digest: %+v, %+v", len(entries), from.Items(nil, allHashes), to.Items(nil, allHashes))
	}
	return nil
}

// allHashes is the range of everything.
var allHashes = []HashRange{{First: 0, Last: 1<<64 - 1}}

// entriesOf returns copies of all entries that are to be taken over.
func entriesOf(s *node) (list []Entry) {
	var keyHashes []uint64
	for _, it := range s.Items(nil, allHashes) {
		keyHashes = append(keyHashes, it.Hash)
	}
	s.Entries(keyHashes, func(e *Entry) bool {
		c := *e
		c.Key, c.Value = append([]byte(nil), e.Key...), append([]byte(nil), e.Value...)
		list = append(list, c)
		return true
	})
	return list
}
