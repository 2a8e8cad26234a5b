package urlcache

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/engine"
)

// The bytes that lie in data directories.
func TestCopyFormat(t *testing.T) {
	for name, tt := range map[string]struct {
		got  []byte
		want string
	}{
		"key of a type": {copyKey(typeMark, []byte("/a")), "0075726c6361636865" + "0074" + "2f61"},
		"key of a copy": {copyKey(staleMark, []byte("/a")), "0075726c6361636865" + "0073" + "2f61"},
		"type":          {appendType(nil, "text/css"), "0108" + hex.EncodeToString([]byte("text/css"))},
		"no type":       {appendType(nil, ""), "0100"},
		"copy":          {appendStale(nil, "a/b", 0x0102030405060708, []byte("owl")), "0103" + "612f62" + "0807060504030201" + "6f776c"},
	} {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if len(copyKey(typeMark, make([]byte, maxStoredKey))) != engine.MaxKeySize {
		t.Errorf("maxStoredKey is %d", maxStoredKey)
	}
}

func TestParseCopyRefuses(t *testing.T) {
	for _, b := range []string{"", "\x01", "\x00\x00", "\x02\x00", "\x01\x01", "\x01\x05abcd"} {
		if _, _, ok := parseType([]byte(b)); ok {
			t.Errorf("type %q: no error", b)
		}
	}
	for _, b := range []string{"\x01\x00", "\x01\x00\x01\x02\x03\x04\x05\x06\x07", "\x02\x0012345678"} {
		if _, _, _, ok := parseStale([]byte(b)); ok {
			t.Errorf("copy %q: no error", b)
		}
	}
}

func FuzzCopy(f *testing.F) {
	f.Add(appendStale(nil, "text/html", 5, []byte("body")))
	f.Add([]byte{1, 255, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		contentType, expires, body, ok := parseStale(b)
		if ok && !bytes.Equal(appendStale(nil, contentType, expires, body), b) {
			t.Errorf("%q is read as %q, %d, %q", b, contentType, expires, body)
		}
	})
}

// A value that a client has set has no content type, whatever an origin said of the one before.
func TestContentTypeBelongsToOneValue(t *testing.T) {
	b := newBench(t, site(originOfType(t, "image/png")), nil)
	if got := b.fetch("/a"); got.contentType != "image/png" || got.created == 0 {
		t.Fatalf("%+v", got)
	}
	if v, ct, _ := b.stored("/a"); v != "/a" || ct != "image/png" {
		t.Errorf("stored: %q, %q", v, ct)
	}
	if _, err := b.store.Set([]byte("/a"), []byte("mine"), 0); err != nil {
		t.Fatal(err)
	}
	if v, ct, _ := b.stored("/a"); v != "mine" || ct != "" {
		t.Errorf("after a set: %q, %q", v, ct)
	}
}

// A key that is fetched anew has its new type, also while an old one is still there.
func TestNewContentType(t *testing.T) {
	var n atomic.Int32
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", fmt.Sprint("text/", n.Add(1)))
	})), nil)
	for _, want := range []string{"text/1", "text/2"} {
		b.fetch("/a")
		if _, ct, ok := b.stored("/a"); !ok || ct != want {
			t.Errorf("stored as %q, want %q", ct, want)
		}
		if err := b.store.Delete([]byte("/a")); err != nil {
			t.Fatal(err)
		}
	}
}

// Content types are there after a restart.
func TestContentTypeSurvivesRestart(t *testing.T) {
	path := t.TempDir()
	store, closeStore := openStore(t, path)
	c, err := New(Options{Sites: mustSites(t, site(originOfType(t, "text/css; charset=utf-8")))})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t, c, store}
	created := b.fetch("/a.css").created
	c.Close()
	closeStore()

	store, _ = openStore(t, path)
	value, meta, ok := store.Get(nil, []byte("/a.css"))
	if !ok || string(value) != "/a.css" || meta.Created != created {
		t.Fatalf("%q, %v, %v", value, meta, ok)
	}
	if ct := c.ContentType(store, []byte("/a.css"), meta.Created); ct != "text/css; charset=utf-8" {
		t.Errorf("content type %q", ct)
	}
}

func TestWhatIsStored(t *testing.T) {
	clock := time.Now()
	b := newBench(t, site(originOfType(t, "a/b"), "<key_expire>60</key_expire><stale_on_error>600</stale_on_error>")+
		site(originOfType(t, "a/b"))+site(originOfType(t, "a/b"), "<max_storage_limit>3</max_storage_limit>"), func(o *Options) { o.now = func() time.Time { return clock } })
	copyOf := func(mark byte, key string) (engine.Meta, bool) { return b.store.Stat(copyKey(mark, []byte(key))) }

	b.do(Request{Key: []byte("/one")})
	meta, _ := b.store.Stat([]byte("/one"))
	ct, _ := copyOf(typeMark, "/one")
	stale, _ := copyOf(staleMark, "/one")
	if want := clock.Add(time.Minute).UnixMilli(); meta.Expires != want || ct.Expires != want || stale.Expires != want+600_000 {
		t.Errorf("expiries %d, %d, %d; want %d", meta.Expires, ct.Expires, stale.Expires, want)
	}
	if meta.Created != clock.UnixNano() || ct.Created != meta.Created || stale.Created != meta.Created {
		t.Errorf("times of creation %d, %d, %d", meta.Created, ct.Created, stale.Created)
	}

	b.do(Request{Key: []byte("/two"), Site: 1})
	if meta, _ := b.store.Stat([]byte("/two")); meta.Expires != 0 {
		t.Errorf("a key that stays expires at %d", meta.Expires)
	}
	if _, ok := copyOf(staleMark, "/two"); ok {
		t.Error("a copy of a key that never expires")
	}

	for _, tt := range []struct {
		key  string
		site int
	}{{"/toolong", 2}, {"/" + string(bytes.Repeat([]byte("k"), maxStoredKey)), 1}} {
		got := b.do(Request{Key: []byte(tt.key), Site: tt.site})
		if got.err != nil || got.body != tt.key || got.created != 0 {
			t.Errorf("%.10q: %+v", tt.key, got)
		}
		if _, ok := b.store.Stat([]byte(tt.key)); ok {
			t.Errorf("%.10q is stored", tt.key)
		}
	}
	if got := b.do(Request{Key: []byte("/in"), Site: 2}); got.created == 0 {
		t.Errorf("a body of the greatest size: %+v", got)
	}
	longest := "/" + string(bytes.Repeat([]byte("k"), maxStoredKey-1))
	if got := b.do(Request{Key: []byte(longest), Site: 1}); got.created == 0 {
		t.Error("the longest key is not stored")
	}
}

// The value that a client sets while its key is being fetched stays.
func TestSetWhileFetchingWins(t *testing.T) {
	var b *bench
	b = newBench(t, site(origin(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := b.store.Set([]byte("/a"), []byte("mine"), 0); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte("theirs"))
	})), nil)
	if got := b.fetch("/a"); got.body != "theirs" || got.created != 0 {
		t.Errorf("%+v", got)
	}
	if v, ct, _ := b.stored("/a"); v != "mine" || ct != "" {
		t.Errorf("stored: %q, %q", v, ct)
	}
	if got := b.fetch("/a"); !errors.Is(got.err, ErrStored) {
		t.Errorf("a key that has a value: %+v", got)
	}
}

// Of two sites that fetch a key at once one stores it, and the other leaves its type alone.
func TestWinnerKeepsItsType(t *testing.T) {
	began, release := make(chan struct{}, 2), [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	host := func(n int) string {
		return origin(t, func(w http.ResponseWriter, _ *http.Request) {
			began <- struct{}{}
			<-release[n]
			w.Header().Set("Content-Type", fmt.Sprint("text/of-", n))
			_, _ = fmt.Fprint(w, "body of ", n)
		})
	}
	var b *bench
	var stats atomic.Int32
	b = newBench(t, site(host(0), keepsStale)+site(host(1), keepsStale), nil)
	// The second one looks at what is there before the first one stores, and stores after it.
	looked, stored := make(chan struct{}), make(chan struct{})
	late := &hookedStore{Store: b.store, onStat: func(key []byte) {
		if bytes.Equal(key, []byte("/a")) && stats.Add(1) == 2 { // the first is that of join
			close(looked)
			<-stored
		}
	}}
	var wg sync.WaitGroup
	wg.Go(func() { b.fetch("/a") })
	wg.Go(func() {
		a, err := b.Fetch(Request{Store: late, Key: []byte("/a"), Site: 1})
		if err != nil || a.Created != 0 || string(a.Body) != "body of 1" {
			t.Errorf("the second: %+v, %v", a, err)
			return
		}
		a.Release()
	})
	<-began
	<-began
	close(release[1])
	<-looked
	close(release[0])
	eventually(t, "the first has stored", func() bool {
		_, ok := b.store.Stat(copyKey(staleMark, []byte("/a")))
		return ok
	})
	close(stored)
	wg.Wait()
	if v, ct, _ := b.stored("/a"); v != "body of 0" || ct != "text/of-0" {
		t.Errorf("stored: %q of type %q", v, ct)
	}
	entry, _, _ := b.store.Get(nil, copyKey(staleMark, []byte("/a")))
	if ct, _, body, ok := parseStale(entry); !ok || ct != "text/of-0" || string(body) != "body of 0" {
		t.Errorf("copy: %q of type %q", body, ct)
	}
}

// hookedStore is a store that a test can hold up.
type hookedStore struct {
	Store
	onStat func(key []byte) // afterwards
}

func (s *hookedStore) Stat(key []byte) (engine.Meta, bool) {
	meta, ok := s.Store.Stat(key)
	s.onStat(key)
	return meta, ok
}

// originOfType answers the path with a content type.
func originOfType(t testing.TB, contentType string) string {
	return origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(r.URL.Path))
	})
}
