package api

import (
	"testing"

	"github.com/gorilla/websocket"
)

// TestNoSocketWhileStopping: a request that comes while the node stops is not made a
// WebSocket, for which the end of the node would have to wait.
func TestNoSocketWhileStopping(t *testing.T) {
	n := startSockets(t, nil)
	n.stop() // as the first thing of Shutdown
	ws, resp, err := websocket.DefaultDialer.Dial("ws://"+n.addr+"/ws", nil)
	if err == nil {
		_ = ws.Close() // it is one too many
		t.Fatal("there is a WebSocket")
	}
	if resp == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || n.openSockets() != 0 {
		t.Errorf("%v, %v, %d open", resp, err, n.openSockets())
	}
}
