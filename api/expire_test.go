package api

import (
	"testing"
	"time"
)

func TestExpire(t *testing.T) {
	n := start(t, nil)
	now := time.UnixMilli(1_800_000_000_000)
	n.now = func() time.Time { return now }
	token := n.token()
	n.mustSet("hello", "world")
	created := n.store.m["hello"].meta.Created

	tests := []struct {
		key, exptime string
		status       int
		expires      int64
		reason       string
	}{
		{"hello", "60", 200, now.UnixMilli() + 60_000, ""},
		{"hello", "", 500, now.UnixMilli() + 60_000, "exptime is missing"},
		{"hello", "-5", 500, now.UnixMilli() + 60_000, "exptime is negative"},
		{"hello", "1e3", 500, now.UnixMilli() + 60_000, "exptime is not a number of seconds"},
		{"none", "60", 404, now.UnixMilli() + 60_000, "key not found"},
		{"", "60", 500, now.UnixMilli() + 60_000, "key is empty"},
		{"hello", "0", 200, 0, ""},
	}
	for _, tt := range tests {
		a := n.post("cmd", "expire", "key", tt.key, "exptime", tt.exptime, "token", token)
		e := a.envelope(t)
		if a.status != tt.status || e.Status != tt.status || a.reason() != tt.reason {
			t.Errorf("expire %q %q: status %d, reason %q", tt.key, tt.exptime, a.status, a.reason())
		}
		if e.Data != nil || !e.KeyCreateTime.IsZero() || e.Key != tt.key {
			t.Errorf("expire %q %q: %s", tt.key, tt.exptime, a.body)
		}
		if m := n.store.m["hello"].meta; m.Expires != tt.expires || m.Created != created {
			t.Errorf("expire %q %q: expires %d, want %d", tt.key, tt.exptime, m.Expires, tt.expires)
		}
	}
}
