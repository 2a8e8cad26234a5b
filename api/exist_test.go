package api

import (
	"strings"
	"testing"

	"owlcache/engine"
)

func TestExist(t *testing.T) {
	n := start(t, nil)
	n.mustSet("hello", "world")
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
		a := n.cmd("cmd", "exist", "key", tt.key)
		if a.status != tt.status {
			t.Errorf("exist %.20q: status %d, want %d", tt.key, a.status, tt.status)
		}
		e := a.envelope(t)
		if e.Cmd != "exist" || e.Status != tt.status || e.Data != nil || !e.KeyCreateTime.IsZero() || e.Results != resultOf(tt.status) {
			t.Errorf("exist %.20q: %+.200v", tt.key, e)
		}
		if got := a.header.Get("Keycreatetime"); got != "0001-01-01 00:00:00 +0000 UTC" {
			t.Errorf("exist %.20q: Keycreatetime %q", tt.key, got)
		}
	}
}
