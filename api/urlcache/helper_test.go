package urlcache

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

func TestMain(m *testing.M) {
	// fasthttp keeps the text of the Date header in a goroutine of the process.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// openStore opens the store in a directory; closeStore may be called early.
func openStore(t testing.TB, path string) (store *engine.Store, closeStore func()) {
	t.Helper()
	dir, err := datadir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	store, err = engine.Open(context.Background(), dir, engine.Options{Sync: "no"})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	closeStore = func() {
		if closed {
			return
		}
		closed = true
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(closeStore)
	return store, closeStore
}

// bench is a cache with a store, as a server has them.
type bench struct {
	t testing.TB
	*Cache
	store *engine.Store
}

// newBench makes a cache of the sites in a file without its <sites>.
func newBench(t testing.TB, file string, change func(*Options)) *bench {
	t.Helper()
	store, _ := openStore(t, t.TempDir())
	opts := Options{Sites: mustSites(t, file)}
	if change != nil {
		change(&opts)
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close) // before the store
	return &bench{t, c, store}
}

func mustSites(t testing.TB, file string) []Site {
	t.Helper()
	sites, _, err := ParseSites("sites.xml", []byte("<sites>"+file+"</sites>"), engine.MaxValueSize)
	if err != nil {
		t.Fatal(err)
	}
	return sites
}

// fetched is what a client gets.
type fetched struct {
	body, contentType string
	created           int64
	stale             bool
	err               error
}

// kind returns what kept the key from being fetched, -1 for nothing.
func (f *fetched) kind() int {
	if e, ok := errors.AsType[*Error](f.err); ok {
		return int(e.Kind)
	}
	return -1
}

// status returns the HTTP status that stands for the error, 0 for none.
func (f *fetched) status() int {
	if e, ok := errors.AsType[*Error](f.err); ok {
		return e.Status
	}
	return 0
}

// fetch fetches a key and releases the answer.
func (b *bench) fetch(key string) fetched { return b.do(Request{Key: []byte(key)}) }

func (b *bench) do(req Request) fetched {
	req.Store = b.store
	a, err := b.Fetch(req)
	if err != nil {
		return fetched{err: err}
	}
	defer a.Release()
	return fetched{body: string(a.Body), contentType: a.ContentType, created: a.Created, stale: a.Stale}
}

// stored returns what the store holds under key, with the content type.
func (b *bench) stored(key string) (value, contentType string, ok bool) {
	v, meta, ok := b.store.Get(nil, []byte(key))
	if !ok {
		return "", "", false
	}
	return string(v), b.ContentType(b.store, []byte(key), meta.Created), true
}

// memoryFree tells whether all memory for bodies has been given back.
func (b *bench) memoryFree() bool {
	if !b.memory.Take(b.opts.MaxMemory) {
		return false
	}
	b.memory.Give(b.opts.MaxMemory)
	return true
}

// origin starts an HTTP server and returns its URL.
func origin(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// eventually waits until ok, and fails the test if that takes too long.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for range time.Tick(time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// site returns the XML of a site from its host and further elements.
func site(host string, more ...string) string {
	return "<site><host>" + host + "</host>" + strings.Join(more, "") + "</site>"
}

func repeat(n int) []byte { return bytes.Repeat([]byte("owl "), n/4) }
