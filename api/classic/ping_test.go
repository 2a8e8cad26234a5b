package classic_test

import (
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"testing"
)

func TestPing(t *testing.T) {
	n := apitest.Start(t, nil)
	for _, tt := range []struct{ send, want string }{
		{"", "PONG"}, {"hello", "hello"}, {"\x00<b>\xff", "\x00<b>\xff"},
	} {
		a := n.Post("cmd", "ping", "valuedata", tt.send, "key", "k")
		if a.Status != 200 || a.Body != tt.want || a.Header.Get("Content-Type") != exchange.TypeText {
			t.Errorf("ping %q: status %d, %q, %q", tt.send, a.Status, a.Body, a.Header.Get("Content-Type"))
		}
		if a.Header.Get("Key") != "k" || a.Header.Get("Keycreatetime") != "0001-01-01 00:00:00 +0000 UTC" {
			t.Errorf("ping %q: %v", tt.send, a.Header)
		}
	}
}
