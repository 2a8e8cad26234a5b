package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"owlcache/engine"
)

// memStore keeps what a comparison of nodes reads as entries of their own: the commands
// do not change them.

func (s *memStore) NodeID() uint64 { return 0x1f }

func (s *memStore) Digest(d *engine.Digest) {
	for i := range s.entries {
		d[engine.KeyHash(s.entries[i].Key)>>52] ^= s.entries[i].Version.Time
	}
}

func (s *memStore) Items(dst []engine.Item, ranges []engine.HashRange) []engine.Item {
	for i := 1; i < len(ranges); i++ {
		if ranges[i].First <= ranges[i-1].Last {
			panic("ranges must be ascending and disjoint")
		}
	}
	for _, e := range s.entries {
		h := engine.KeyHash(e.Key)
		if slices.ContainsFunc(ranges, func(r engine.HashRange) bool { return r.First <= h && h <= r.Last }) {
			dst = append(dst, engine.Item{Hash: h, Version: e.Version, Tombstone: e.Tombstone})
		}
	}
	slices.SortFunc(dst, func(a, b engine.Item) int { return cmp.Compare(a.Hash, b.Hash) })
	return dst
}

func (s *memStore) Entries(hashes []uint64, f func(e *engine.Entry) bool) {
	if s.onEntries != nil {
		s.onEntries()
	}
	sorted := slices.Clone(s.entries)
	slices.SortFunc(sorted, func(a, b engine.Entry) int {
		return cmp.Compare(engine.KeyHash(a.Key), engine.KeyHash(b.Key))
	})
	for i := range sorted {
		if _, ok := slices.BinarySearch(hashes, engine.KeyHash(sorted[i].Key)); ok && !f(&sorted[i]) {
			return
		}
	}
}

// line is one line of /admin/cluster/entries.
type line struct {
	Key       []byte `json:"key"`
	Version   string `json:"version"`
	Tombstone *bool  `json:"tombstone"`
	Size      int    `json:"size"`
}

// withToken asks for path with a token.
func (n *node) withToken(path string) answer {
	n.t.Helper()
	req := n.request("GET", path, "", "")
	req.Header.Set("Authorization", "Bearer "+n.token())
	return n.do(req)
}

func (a answer) lines(t *testing.T) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(a.body) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Tombstone == nil {
			t.Fatalf("line %q: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

func TestDigest(t *testing.T) {
	n := start(t, nil)
	key := []byte("hello")
	n.store.entries = []engine.Entry{{Key: key, Version: engine.Version{Time: 0xabc}}}
	n.store.stats = engine.Stats{Keys: 5, Tombstones: 2}
	a := n.withToken("/admin/cluster/digest")
	var got digestJSON
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 || a.header.Get("Content-Type") != typeJSON {
		t.Fatalf("status %d, %v: %.200s", a.status, err, a.body)
	}
	if got.Node != "000000000000001f" || got.Entries != 7 || len(got.Buckets) != engine.Buckets {
		t.Errorf("node %s, %d entries, %d buckets", got.Node, got.Entries, len(got.Buckets))
	}
	for i, b := range got.Buckets {
		want := "0000000000000000"
		if uint64(i) == engine.KeyHash(key)>>52 {
			want = "0000000000000abc"
		}
		if b != want {
			t.Errorf("bucket %d: %s, want %s", i, b, want)
		}
	}
}

// All entries of the buckets come, each once, in order, however many answers' worth of
// lines they are.
func TestEntries(t *testing.T) {
	n := start(t, nil)
	want := map[string]engine.Entry{}
	var buckets []string
	asked := map[uint64]bool{}
	for b := range uint64(engine.Buckets) {
		if b%128 < 2 {
			asked[b] = true
			buckets = append([]string{fmt.Sprint(b)}, buckets...) // in any order
		}
	}
	buckets = append(buckets[1:], "128") // twice; the last one is not asked for
	delete(asked, engine.Buckets-127)
	for i := range 40_000 {
		e := engine.Entry{
			Key:     append(bytes.Repeat([]byte{0xff, '"'}, 2000*(i%2)), fmt.Sprint(i)...),
			Version: engine.Version{Time: uint64(i) << 16, Node: 0xa}, Value: make([]byte, i%7), Tombstone: i%3 == 0,
		}
		switch {
		case asked[engine.KeyHash(e.Key)>>52]:
			want[string(e.Key)] = e
		case i%10 > 0:
			continue // a few others will do
		}
		n.store.entries = append(n.store.entries, e)
	}
	a := n.withToken("/admin/cluster/entries?buckets=" + strings.Join(buckets, ","))
	if a.status != 200 || a.header.Get("Content-Type") != typeNDJSON || len(a.body) < 4*entryBuffer {
		t.Fatalf("status %d, %s, %d bytes", a.status, a.header.Get("Content-Type"), len(a.body))
	}
	last := uint64(0)
	for _, l := range a.lines(t) {
		e, ok := want[string(l.Key)]
		if !ok {
			t.Fatalf("key %q is twice there or was not asked for", l.Key)
		}
		delete(want, string(l.Key))
		if l.Version != e.Version.String() || *l.Tombstone != e.Tombstone || l.Size != len(e.Value) {
			t.Errorf("%+v is not %+v", l, e)
		}
		if h := engine.KeyHash(l.Key); h < last {
			t.Errorf("key %q is out of order", l.Key)
		} else {
			last = h
		}
	}
	if len(want) != 0 {
		t.Errorf("%d entries are missing", len(want))
	}
}

// Lists that are cut off, and those that are refused, leave room for others.
func TestEntriesAtOnce(t *testing.T) {
	n := start(t, nil)
	n.store.entries = []engine.Entry{{Key: []byte("hello")}}
	path := fmt.Sprintf("/admin/cluster/entries?buckets=%d", engine.KeyHash([]byte("hello"))>>52)
	var begun atomic.Int32
	hold := make(chan struct{})
	n.store.onEntries = func() {
		begun.Add(1)
		<-hold
	}
	token := n.token()
	var clients []*rawConn
	for range maxEntryLists {
		c := n.dial()
		c.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n")
		clients = append(clients, c)
	}
	eventually(t, "all lists are begun", func() bool { return begun.Load() == maxEntryLists })
	for range 2 {
		if a := n.withToken(path); a.status != 503 || a.header.Get("Retry-After") == "" {
			t.Errorf("one more: status %d", a.status)
		}
	}
	for _, c := range clients {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	close(hold)
	eventually(t, "there is room", func() bool { return n.withToken(path).status == 200 })
	eventually(t, "all have given back their room", func() bool { return len(n.lists) == 0 })
}

func TestBadBuckets(t *testing.T) {
	n := start(t, nil)
	many := strings.Repeat("1,", maxEntryBuckets) + "1"
	for _, query := range []string{"", "?buckets=", "?buckets=4096", "?buckets=-1", "?buckets=a", "?buckets=1,,2", "?buckets=1,", "?buckets=" + many} {
		if a := n.withToken("/admin/cluster/entries" + query); a.status != 400 || !strings.HasPrefix(a.reason(), "buckets: want") {
			t.Errorf("%q: status %d, %q", query, a.status, a.reason())
		}
	}
	if a := n.withToken("/admin/cluster/entries?buckets=4095"); a.status != 200 || a.body != "" {
		t.Errorf("an empty bucket: status %d, %q", a.status, a.body)
	}
}

func FuzzParseBuckets(f *testing.F) {
	for _, s := range []string{"", "1", "4095,0,0", "4096", "1,,2", "18446744073709551616"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		buckets, err := parseBuckets(s)
		if err != nil {
			return
		}
		if len(buckets) == 0 || len(buckets) > maxEntryBuckets || !slices.IsSorted(buckets) || buckets[len(buckets)-1] >= engine.Buckets {
			t.Errorf("%q: %v", s, buckets)
		}
	})
}
