package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/api/status"
	"owlcache/engine"
)

// line is one line of /admin/cluster/entries.
type line struct {
	Key       []byte `json:"key"`
	Version   string `json:"version"`
	Tombstone *bool  `json:"tombstone"`
	Size      int    `json:"size"`
}

func lines(t *testing.T, a apitest.Answer) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(a.Body) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Tombstone == nil {
			t.Fatalf("line %q: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

func TestDigest(t *testing.T) {
	n := apitest.Start(t, nil)
	key := []byte("hello")
	n.Store.All = []engine.Entry{{Key: key, Version: engine.Version{Time: 0xabc}}}
	n.Store.Figures = engine.Stats{Keys: 5, Tombstones: 2}
	a := n.WithToken("/admin/cluster/digest")
	var got status.Digest
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || a.Status != 200 || a.Header.Get("Content-Type") != exchange.TypeJSON {
		t.Fatalf("status %d, %v: %.200s", a.Status, err, a.Body)
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
	n := apitest.Start(t, nil)
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
		n.Store.All = append(n.Store.All, e)
	}
	a := n.WithToken("/admin/cluster/entries?buckets=" + strings.Join(buckets, ","))
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/x-ndjson" || len(a.Body) < 4*(256<<10) {
		t.Fatalf("status %d, %s, %d bytes", a.Status, a.Header.Get("Content-Type"), len(a.Body))
	}
	last := uint64(0)
	for _, l := range lines(t, a) {
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
	n := apitest.Start(t, nil)
	n.Store.All = []engine.Entry{{Key: []byte("hello")}}
	path := fmt.Sprintf("/admin/cluster/entries?buckets=%d", engine.KeyHash([]byte("hello"))>>52)
	var begun atomic.Int32
	hold := make(chan struct{})
	n.Store.OnEntries = func() {
		begun.Add(1)
		<-hold
	}
	token := n.Token()
	var clients []*apitest.RawConn
	for range 8 {
		c := n.Dial()
		c.Send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n")
		clients = append(clients, c)
	}
	apitest.Eventually(t, "all lists are begun", func() bool { return begun.Load() == 8 })
	for range 2 {
		if a := n.WithToken(path); a.Status != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("one more: status %d", a.Status)
		}
	}
	for _, c := range clients {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	close(hold)
	apitest.Eventually(t, "there is room", func() bool { return n.WithToken(path).Status == 200 })
	apitest.Eventually(t, "all have given back their room", func() bool { return n.Admin.Lists() == 0 })
}

func TestBadBuckets(t *testing.T) {
	n := apitest.Start(t, nil)
	many := strings.Repeat("1,", 64) + "1"
	for _, query := range []string{"", "?buckets=", "?buckets=4096", "?buckets=-1", "?buckets=a", "?buckets=1,,2", "?buckets=1,", "?buckets=" + many} {
		if a := n.WithToken("/admin/cluster/entries" + query); a.Status != 400 || !strings.HasPrefix(a.Reason(), "buckets: want") {
			t.Errorf("%q: status %d, %q", query, a.Status, a.Reason())
		}
	}
	if a := n.WithToken("/admin/cluster/entries?buckets=4095"); a.Status != 200 || a.Body != "" {
		t.Errorf("an empty bucket: status %d, %q", a.Status, a.Body)
	}
}
