package classic_test

import (
	"owlcache/api/internal/apitest"
	"testing"
)

func TestDelete(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	n.MustSet("hello", "world")
	for _, tt := range []struct {
		key    string
		status int
	}{{"", 500}, {"none", 404}, {"hello", 200}, {"hello", 404}} {
		a := n.Cmd("cmd", "delete", "key", tt.key, "token", token)
		e := a.Envelope(t)
		if a.Status != tt.status || e.Status != tt.status || e.Data != nil || !e.KeyCreateTime.IsZero() {
			t.Errorf("delete %q: status %d, %s", tt.key, a.Status, a.Body)
		}
	}
	if _, ok := n.Store.Entry("hello"); ok {
		t.Error("the key is still there")
	}
}
