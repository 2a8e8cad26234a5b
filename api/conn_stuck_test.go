package api_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

// TestStuckConnectionIsReset: of a client that does not read, the system keeps nothing once
// it is given up.
func TestStuckConnectionIsReset(t *testing.T) {
	n := apitest.StartLoading(t, func(o *api.Options) { o.WriteTimeout, o.WebSocket = 100*time.Millisecond, true })
	tcp := n.ServeLines()
	n.Ready(n.Store)
	if _, err := n.Store.Set([]byte("large"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	const ask = "\x81\x89\x00\x00\x00\x00get large" // masked with zeros
	for name, tt := range map[string]struct{ addr, text string }{
		"HTTP": {n.Addr, strings.Repeat("GET /data/?cmd=get&key=large HTTP/1.1\r\nHost: localhost\r\n\r\n", 4)},
		"TCP":  {tcp, strings.Repeat("get large\n", 4)},
		"WebSocket": {n.Addr, "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + strings.Repeat(ask, 4)},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", tt.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, tt.text); err != nil {
				t.Fatal(err)
			}
			apitest.Eventually(t, "it is connected", func() bool { return n.Connections() == 1 })
			apitest.Eventually(t, "it is given up", func() bool { return n.Connections() == 0 })
			if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if size, err := io.Copy(io.Discard, c); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("after %d bytes more: %v, want a reset", size, err)
			}
		})
	}
}
