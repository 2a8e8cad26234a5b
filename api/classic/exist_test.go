package classic_test

import (
	"strings"
	"testing"

	"owlcache/api/internal/apitest"
	"owlcache/api/internal/envelope"
	"owlcache/engine"
)

func TestExist(t *testing.T) {
	n := apitest.Start(t, nil)
	n.MustSet("hello", "world")
	tests := []struct {
		key    string
		status int
	}{
		{"hello", 200},
		{"none", 404},
		{"", 500},
		{strings.Repeat("k", engine.MaxKeySize+1), 500},
	}
	for _, tt := range tests {
		a := n.Cmd("cmd", "exist", "key", tt.key)
		if a.Status != tt.status {
			t.Errorf("exist %.20q: status %d, want %d", tt.key, a.Status, tt.status)
		}
		e := a.Envelope(t)
		if e.Cmd != "exist" || e.Status != tt.status || e.Data != nil || !e.KeyCreateTime.IsZero() || e.Results != envelope.Result(tt.status) {
			t.Errorf("exist %.20q: %+.200v", tt.key, e)
		}
		if got := a.Header.Get("Keycreatetime"); got != "0001-01-01 00:00:00 +0000 UTC" {
			t.Errorf("exist %.20q: Keycreatetime %q", tt.key, got)
		}
	}
}
