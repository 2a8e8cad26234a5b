package api

import (
	"context"
	"testing"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

var _ Store = (*engine.Store)(nil)

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
	n := startLoading(t, nil)
	n.Ready(store)
	token := n.token()
	a := n.post("cmd", "set", "key", "hello", "valuedata", "wor\x00ld", "token", token)
	n.post("cmd", "set", "key", "gone", "token", token)
	if d := n.post("cmd", "delete", "key", "gone", "token", token); a.status != 200 || d.status != 200 {
		t.Fatalf("set %d, delete %d %s", a.status, d.status, d.reason())
	}
	if m := n.post("cmd", "expire", "key", "gone", "exptime", "1", "token", token); m.status != 404 {
		t.Errorf("expire of a deleted key: status %d", m.status)
	}
	if err := n.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	closeStore()

	store, closeStore = open()
	again := startLoading(t, nil)
	again.Ready(store)
	got := again.cmd("cmd", "get", "key", "hello")
	if got.status != 200 || got.body != "wor\x00ld" || got.header.Get("Keycreatetime") != a.header.Get("Keycreatetime") {
		t.Errorf("status %d, %q, %v", got.status, got.body, got.header)
	}
	if a := again.cmd("cmd", "get", "key", "gone"); a.status != 404 {
		t.Errorf("deleted key: status %d", a.status)
	}
	if a := again.post("cmd", "expire", "key", "hello", "exptime", "100", "token", token); a.status != 200 { // the token of the first run
		t.Errorf("expire: status %d, %s", a.status, a.body)
	}
	if a := again.get("/metrics"); a.status != 200 {
		t.Errorf("metrics: status %d", a.status)
	}
	if err := again.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	closeStore()
}
