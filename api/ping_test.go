package api

import "testing"

func TestPing(t *testing.T) {
	n := start(t, nil)
	for _, tt := range []struct{ send, want string }{
		{"", "PONG"}, {"hello", "hello"}, {"\x00<b>\xff", "\x00<b>\xff"},
	} {
		a := n.post("cmd", "ping", "valuedata", tt.send, "key", "k")
		if a.status != 200 || a.body != tt.want || a.header.Get("Content-Type") != typeText {
			t.Errorf("ping %q: status %d, %q, %q", tt.send, a.status, a.body, a.header.Get("Content-Type"))
		}
		if a.header.Get("Key") != "k" || a.header.Get("Keycreatetime") != "0001-01-01 00:00:00 +0000 UTC" {
			t.Errorf("ping %q: %v", tt.send, a.header)
		}
	}
}
