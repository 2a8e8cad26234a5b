package classic_test

import (
	"owlcache/api/internal/apitest"
	"testing"
	"time"
)

func TestExpire(t *testing.T) {
	n := apitest.Start(t, nil)
	now := time.UnixMilli(1_800_000_000_000)
	n.Node.Now = func() time.Time { return now }
	token := n.Token()
	n.MustSet("hello", "world")
	created := n.Store.M["hello"].Meta.Created

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
		a := n.Post("cmd", "expire", "key", tt.key, "exptime", tt.exptime, "token", token)
		e := a.Envelope(t)
		if a.Status != tt.status || e.Status != tt.status || a.Reason() != tt.reason {
			t.Errorf("expire %q %q: status %d, reason %q", tt.key, tt.exptime, a.Status, a.Reason())
		}
		if e.Data != nil || !e.KeyCreateTime.IsZero() || e.Key != tt.key {
			t.Errorf("expire %q %q: %s", tt.key, tt.exptime, a.Body)
		}
		if m := n.Store.M["hello"].Meta; m.Expires != tt.expires || m.Created != created {
			t.Errorf("expire %q %q: expires %d, want %d", tt.key, tt.exptime, m.Expires, tt.expires)
		}
	}
}
