package apitest

import (
	"errors"
	"net/http"
	"owlcache/api"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// StartSockets starts a server with /ws.
func StartSockets(t testing.TB, change func(*api.Options)) *Node {
	t.Helper()
	return Start(t, func(o *api.Options) {
		o.WebSocket = true
		if change != nil {
			change(o)
		}
	})
}

// SocketClient is a WebSocket that fails the test rather than hang.
type SocketClient struct {
	*websocket.Conn
	t testing.TB
}

// Connect opens a WebSocket.
func (n *Node) Connect() *SocketClient {
	n.T.Helper()
	return n.ConnectWith(nil)
}

// ConnectWith opens a WebSocket with headers in the handshake.
func (n *Node) ConnectWith(header http.Header) *SocketClient {
	n.T.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", header)
	if err != nil {
		n.T.Fatal(err)
	}
	n.T.Cleanup(func() { _ = ws.Close() })
	if err := ws.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		n.T.Fatal(err)
	}
	return &SocketClient{ws, n.T}
}

func (c *SocketClient) Send(kind int, message string) {
	c.t.Helper()
	if err := c.WriteMessage(kind, []byte(message)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *SocketClient) Receive() (kind int, message string) {
	c.t.Helper()
	kind, b, err := c.ReadMessage()
	if err != nil {
		c.t.Fatal(err)
	}
	return kind, string(b)
}

// Ask sends a text and returns the answer.
func (c *SocketClient) Ask(message string) string {
	c.t.Helper()
	c.Send(websocket.TextMessage, message)
	_, answer := c.Receive()
	return answer
}

// CloseCode reads until the server closes and returns the code, 1006 for none.
func (c *SocketClient) CloseCode() int {
	for {
		_, _, err := c.ReadMessage()
		if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
			return ce.Code
		}
		if err != nil {
			return websocket.CloseAbnormalClosure
		}
	}
}
