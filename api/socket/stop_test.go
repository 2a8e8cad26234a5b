package socket_test

import (
	"owlcache/api/internal/apitest"
	"testing"

	"github.com/gorilla/websocket"
)

// TestNoSocketWhileStopping: a request that comes while the node stops is not made a
// WebSocket, for which the end of the node would have to wait.
func TestNoSocketWhileStopping(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	n.Stop() // as the first thing of Shutdown
	ws, resp, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", nil)
	if err == nil {
		_ = ws.Close() // it is one too many
		t.Fatal("there is a WebSocket")
	}
	if resp == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || n.Socket.Open() != 0 {
		t.Errorf("%v, %v, %d open", resp, err, n.Socket.Open())
	}
}
