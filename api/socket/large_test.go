package socket_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

// TestSocketHoldsOneLargeAnswer: a client that asks for many and reads nothing costs the
// memory for one, while what it asks in between is looked up.
func TestSocketHoldsOneLargeAnswer(t *testing.T) {
	for _, question := range []string{"get big", "get big info", "get big info t"} {
		n := apitest.StartSockets(t, func(o *api.Options) { o.WriteTimeout = 500 * time.Millisecond })
		n.Store.M["big"] = apitest.Entry{Value: make([]byte, engine.MaxValueSize), Meta: engine.Meta{Size: engine.MaxValueSize}}
		var looked atomic.Int64
		n.Store.OnGet = func() { looked.Add(1) }
		c := n.Connect()
		c.Send(websocket.BinaryMessage, question)
		for range 10 {
			c.Send(websocket.BinaryMessage, "get none")
		}
		for range 10 {
			c.Send(websocket.BinaryMessage, question)
		}
		apitest.Eventually(t, "small ones are answered", func() bool { return n.Socket.Requests() == 12 })
		apitest.Eventually(t, "it is given up", func() bool { return n.Socket.Slow() == 1 && n.Socket.Open() == 0 })
		if looked.Load() > 2 { // the second when the first could not be sent
			t.Errorf("%s: %d values were taken out of the store for a client that reads none", question, looked.Load())
		}
		apitest.WantWhole(t, n.Node.Answers)
	}
}

// TestSocketLargeAnswersInTurn: a client that reads gets all it asks for, in order, though
// there is memory for one only.
func TestSocketLargeAnswersInTurn(t *testing.T) {
	n := apitest.StartSockets(t, func(o *api.Options) { o.MaxBodyMemory = 3 << 20 })
	n.Node.Answers.Patience = 20 * time.Second
	big, small := strings.Repeat("b", 1<<20), "s"
	n.Store.M["big"] = apitest.Entry{Value: []byte(big), Meta: engine.Meta{Size: len(big)}}
	n.Store.M["small"] = apitest.Entry{Value: []byte(small), Meta: engine.Meta{Size: len(small)}}
	clients := []*apitest.SocketClient{n.Connect(), n.Connect()}
	for range 10 {
		for _, c := range clients {
			c.Send(websocket.TextMessage, "get big")
			c.Send(websocket.TextMessage, "get small")
			c.Send(websocket.TextMessage, "get big info t")
		}
	}
	var reading sync.WaitGroup
	for _, c := range clients {
		reading.Go(func() {
			for i := range 30 {
				_, got, err := c.ReadMessage()
				want := []string{big, small, `{"Cmd":"get","Status":200,"Results":"SUCCESS","Key":"big@t"`}[i%3]
				if err != nil || !strings.HasPrefix(string(got), want) {
					t.Errorf("answer %d: %.80q, %v", i, got, err)
					return
				}
			}
		})
	}
	reading.Wait()
	apitest.WantWhole(t, n.Node.Answers)
}

// TestSocketWithoutRoom: where an envelope can tell, the connection goes on; a raw answer
// cannot, so that it ends.
func TestSocketWithoutRoom(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	n.Node.Answers.Patience = time.Millisecond
	if _, err := n.Store.Set([]byte("big"), make([]byte, 10_000), 0); err != nil {
		t.Fatal(err)
	}
	feed := n.Starve(0)
	c := n.Connect()
	for question, key := range map[string]string{"get big info": "big", "get big info T@1": "big@T@1"} {
		want := `{"Cmd":"get","Status":500,"Results":"ERROR","Key":"` + key + `","Data":null,"ResponseHost":"127.0.0.1:7720","KeyCreateTime":"0001-01-01T00:00:00Z"}`
		if got := c.Ask(question); got != want {
			t.Errorf("%s is answered with\n%s\nwant\n%s", question, got, want)
		}
	}
	if got := c.Ask("get none"); got != "" {
		t.Errorf("%q", got)
	}
	raw := n.Connect()
	raw.Send(websocket.TextMessage, "get big")
	if code := raw.CloseCode(); code != websocket.CloseTryAgainLater {
		t.Errorf("code %d", code)
	}
	feed()
	for range 2 {
		if got := (apitest.Answer{Body: c.Ask("get big info t")}).Envelope(t); got.Status != 200 || len(got.Data) != 10_000 {
			t.Errorf("with room again: %+.60v", got)
		}
	}
	apitest.WantWhole(t, n.Node.Answers)
}

// TestSocketValueChanges: what is taken of the memory for large answers is right for the
// value that is sent, not for the one that was there a moment before.
func TestSocketValueChanges(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	n.Node.Answers.Patience = time.Millisecond
	c := n.Connect()
	for _, before := range []int{5, 10_000, 200_000} {
		for _, after := range []int{0, 5, 9_000, 100_000, 300_000} {
			n.Store.M["k"] = apitest.Entry{Value: make([]byte, before), Meta: engine.Meta{Size: before}}
			n.Store.OnGet = func() {
				n.Store.OnGet = nil
				if n.Store.M["k"] = (apitest.Entry{Value: make([]byte, after), Meta: engine.Meta{Size: after}}); after == 0 {
					delete(n.Store.M, "k")
				}
			}
			status, size := 200, after
			switch after {
			case 0:
				status = 404
			case 300_000: // in an envelope more than there is room for
				status, size = 500, 0
			}
			feed := n.Starve(500_000)
			if got := (apitest.Answer{Body: c.Ask("get k info t")}).Envelope(t); got.Status != status || len(got.Data) != size {
				t.Errorf("%d bytes became %d: status %d, %d bytes", before, after, got.Status, len(got.Data))
			}
			feed()
		}
	}
	apitest.WantWhole(t, n.Node.Answers)
}
