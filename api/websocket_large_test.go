package api

import (
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/engine"
)

// TestSocketHoldsOneLargeAnswer: a client that asks for many and reads nothing costs the
// memory for one, while what it asks in between is looked up.
func TestSocketHoldsOneLargeAnswer(t *testing.T) {
	for _, question := range []string{"get big", "get big info", "get big info t"} {
		n := startSockets(t, func(o *Options) { o.WriteTimeout = 500 * time.Millisecond })
		n.store.m["big"] = memEntry{make([]byte, engine.MaxValueSize), engine.Meta{Size: engine.MaxValueSize}}
		var looked atomic.Int64
		n.store.onGet = func() { looked.Add(1) }
		c := n.connect()
		c.send(websocket.BinaryMessage, question)
		for range 10 {
			c.send(websocket.BinaryMessage, "get none")
		}
		for range 10 {
			c.send(websocket.BinaryMessage, question)
		}
		eventually(t, "small ones are answered", func() bool { return n.sockets.requests.Load() == 12 })
		eventually(t, "it is given up", func() bool { return n.sockets.slow.Load() == 1 && n.openSockets() == 0 })
		if looked.Load() > 2 { // the second when the first could not be sent
			t.Errorf("%s: %d values were taken out of the store for a client that reads none", question, looked.Load())
		}
		n.answers.wantWhole(t)
	}
}

// TestSocketLargeAnswersInTurn: a client that reads gets all it asks for, in order, though
// there is memory for one only.
func TestSocketLargeAnswersInTurn(t *testing.T) {
	n := startSockets(t, func(o *Options) { o.MaxBodyMemory = 3 << 20 })
	n.answers.patience = 20 * time.Second
	big, small := strings.Repeat("b", 1<<20), "s"
	n.store.m["big"] = memEntry{[]byte(big), engine.Meta{Size: len(big)}}
	n.store.m["small"] = memEntry{[]byte(small), engine.Meta{Size: len(small)}}
	clients := []*socketClient{n.connect(), n.connect()}
	for range 10 {
		for _, c := range clients {
			c.send(websocket.TextMessage, "get big")
			c.send(websocket.TextMessage, "get small")
			c.send(websocket.TextMessage, "get big info t")
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
	n.answers.wantWhole(t)
}

// TestSocketWithoutRoom: where an envelope can tell, the connection goes on; a raw answer
// cannot, so that it ends.
func TestSocketWithoutRoom(t *testing.T) {
	n := startSockets(t, nil)
	n.answers.patience = time.Millisecond
	if _, err := n.store.Set([]byte("big"), make([]byte, 10_000), 0); err != nil {
		t.Fatal(err)
	}
	feed := n.starve(0)
	c := n.connect()
	for question, key := range map[string]string{"get big info": "big", "get big info T@1": "big@T@1"} {
		want := `{"Cmd":"get","Status":500,"Results":"ERROR","Key":"` + key + `","Data":null,"ResponseHost":"127.0.0.1:7720","KeyCreateTime":"0001-01-01T00:00:00Z"}`
		if got := c.ask(question); got != want {
			t.Errorf("%s is answered with\n%s\nwant\n%s", question, got, want)
		}
	}
	if got := c.ask("get none"); got != "" {
		t.Errorf("%q", got)
	}
	raw := n.connect()
	raw.send(websocket.TextMessage, "get big")
	if code := raw.closeCode(); code != websocket.CloseTryAgainLater {
		t.Errorf("code %d", code)
	}
	feed()
	for range 2 {
		if got := (answer{body: c.ask("get big info t")}).envelope(t); got.Status != 200 || len(got.Data) != 10_000 {
			t.Errorf("with room again: %+.60v", got)
		}
	}
	n.answers.wantWhole(t)
}

// TestSocketWaitsForRoomOnce: what others ask over the same connection is not held up by
// each large answer in turn.
func TestSocketWaitsForRoomOnce(t *testing.T) {
	n := startSockets(t, nil)
	k := newSocket(n.Server, n.store, nil, nil)
	feed := n.starve(0)
	n.answers.patience = time.Millisecond
	reserve := func(want int64, wantErr error) {
		t.Helper()
		if taken, err := k.reserve(10_000); taken != want || !errors.Is(err, wantErr) {
			t.Errorf("took %d, %v", taken, err)
		}
	}
	reserve(0, errAnswersFull)
	n.answers.patience = time.Hour // from now on a wait would show
	reserve(0, errAnswersFull)
	reserve(0, errAnswersFull)
	feed()
	reserve(10_000, nil)
	k.release(10_000)
	feed = n.starve(0) // there was room in between, so that it waits again
	go func() {
		n.answers.wantWaiter(t)
		feed()
	}()
	reserve(10_000, nil)
	k.release(10_000)
	n.answers.wantWhole(t)
}

// TestSocketReserve: who waits for its turn is woken when the connection ends.
func TestSocketReserve(t *testing.T) {
	n := startSockets(t, func(o *Options) { o.MaxBodyMemory = 10_000 })
	k := newSocket(n.Server, n.store, nil, nil)
	for _, tt := range []struct{ cost, taken int64 }{{0, 0}, {smallAnswer, 0}, {smallAnswer + 1, smallAnswer + 1}} {
		if taken, err := k.reserve(tt.cost); taken != tt.taken || err != nil {
			t.Errorf("%d bytes: took %d, %v", tt.cost, taken, err)
		}
	}
	if taken, err := k.reserve(smallAnswer); taken != 0 || err != nil {
		t.Errorf("a small answer behind a large one: %d, %v", taken, err)
	}
	close(k.leaving)
	if _, err := k.reserve(5000); !errors.Is(err, errLeaving) {
		t.Errorf("while it takes leave: %v", err)
	}
	k.leaving = nil
	close(k.closed)
	if _, err := k.reserve(5000); !errors.Is(err, net.ErrClosed) {
		t.Errorf("when it is closed: %v", err)
	}
	k.release(smallAnswer + 1)
	k.closed = nil
	k.starved.Store(true)
	if taken, err := k.reserve(1 << 30); taken != n.answers.size || err != nil {
		t.Errorf("more than there is: took %d, %v", taken, err)
	}
	k.release(n.answers.size)
	n.answers.wantWhole(t)
}

// TestSocketValueChanges: what is taken of the memory for large answers is right for the
// value that is sent, not for the one that was there a moment before.
func TestSocketValueChanges(t *testing.T) {
	n := startSockets(t, nil)
	n.answers.patience = time.Millisecond
	c := n.connect()
	for _, before := range []int{5, 10_000, 200_000} {
		for _, after := range []int{0, 5, 9_000, 100_000, 300_000} {
			n.store.m["k"] = memEntry{make([]byte, before), engine.Meta{Size: before}}
			n.store.onGet = func() {
				n.store.onGet = nil
				if n.store.m["k"] = (memEntry{make([]byte, after), engine.Meta{Size: after}}); after == 0 {
					delete(n.store.m, "k")
				}
			}
			status, size := 200, after
			switch after {
			case 0:
				status = 404
			case 300_000: // in an envelope more than there is room for
				status, size = 500, 0
			}
			feed := n.starve(500_000)
			if got := (answer{body: c.ask("get k info t")}).envelope(t); got.Status != status || len(got.Data) != size {
				t.Errorf("%d bytes became %d: status %d, %d bytes", before, after, got.Status, len(got.Data))
			}
			feed()
		}
	}
	n.answers.wantWhole(t)
}

// TestSocketSendGivesUp: an answer that is not sent any more gives back what it holds.
func TestSocketSendGivesUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		queued int
		end    func(*socket)
		want   error
	}{
		{"while it takes leave", 0, func(k *socket) { close(k.leaving) }, nil},
		{"it takes leave while it waits", socketQueue, func(k *socket) { close(k.leaving) }, nil},
		{"closed while it waits", socketQueue, func(k *socket) { close(k.closed) }, net.ErrClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Options{Password: testPassword, TokenSecret: testSecret})
			if err != nil {
				t.Fatal(err)
			}
			k := newSocket(s, newMemStore(), nil, nil)
			for range tt.queued {
				if err := k.send(socketAnswer{}); err != nil {
					t.Fatal(err)
				}
			}
			taken, err := k.reserve(10_000)
			if err != nil {
				t.Fatal(err)
			}
			if tt.queued == 0 {
				tt.end(k)
			}
			go func() {
				if err := k.send(socketAnswer{taken: taken}); !errors.Is(err, tt.want) {
					t.Errorf("%s: %v", tt.name, err)
				}
			}()
			synctest.Wait()
			if tt.queued > 0 {
				tt.end(k)
			}
			synctest.Wait()
			if len(k.large) != 0 || !s.answers.take(s.answers.size) {
				t.Errorf("%s: something stays taken", tt.name)
			}
		})
	}
}
