package api

import "testing"

func TestDelete(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	n.mustSet("hello", "world")
	for _, tt := range []struct {
		key    string
		status int
	}{{"", 500}, {"none", 404}, {"hello", 200}, {"hello", 404}} {
		a := n.cmd("cmd", "delete", "key", tt.key, "token", token)
		e := a.envelope(t)
		if a.status != tt.status || e.Status != tt.status || e.Data != nil || !e.KeyCreateTime.IsZero() {
			t.Errorf("delete %q: status %d, %s", tt.key, a.status, a.body)
		}
	}
	if _, ok := n.store.entry("hello"); ok {
		t.Error("the key is still there")
	}
}
