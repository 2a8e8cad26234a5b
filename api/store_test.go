package api_test

import (
	"context"
	"testing"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

var _ api.Store = (*engine.Store)(nil)

// TestWithTheRealStore: what was acknowledged is there after a restart.
func TestWithTheRealStore(t *testing.T) {
	path := t.TempDir()
	open := func() (*engine.Store, func()) {
		dir, err := datadir.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		store, err := engine.Open(context.Background(), dir, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return store, func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
			if err := dir.Close(); err != nil {
				t.Error(err)
			}
		}
	}

	store, closeStore := open()
	n := apitest.StartLoading(t, nil)
	n.Ready(store)
	token := n.Token()
	a := n.Post("cmd", "set", "key", "hello", "valuedata", "wor\x00ld", "token", token)
	n.Post("cmd", "set", "key", "gone", "token", token)
	if d := n.Post("cmd", "delete", "key", "gone", "token", token); a.Status != 200 || d.Status != 200 {
		t.Fatalf("set %d, delete %d %s", a.Status, d.Status, d.Reason())
	}
	if m := n.Post("cmd", "expire", "key", "gone", "exptime", "1", "token", token); m.Status != 404 {
		t.Errorf("expire of a deleted key: status %d", m.Status)
	}
	if err := n.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	closeStore()

	store, closeStore = open()
	again := apitest.StartLoading(t, nil)
	again.Ready(store)
	got := again.Cmd("cmd", "get", "key", "hello")
	if got.Status != 200 || got.Body != "wor\x00ld" || got.Header.Get("Keycreatetime") != a.Header.Get("Keycreatetime") {
		t.Errorf("status %d, %q, %v", got.Status, got.Body, got.Header)
	}
	if a := again.Cmd("cmd", "get", "key", "gone"); a.Status != 404 {
		t.Errorf("deleted key: status %d", a.Status)
	}
	if a := again.Post("cmd", "expire", "key", "hello", "exptime", "100", "token", token); a.Status != 200 { // the token of the first run
		t.Errorf("expire: status %d, %s", a.Status, a.Body)
	}
	if a := again.Get("/metrics"); a.Status != 200 {
		t.Errorf("metrics: status %d", a.Status)
	}
	if err := again.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	closeStore()
}
