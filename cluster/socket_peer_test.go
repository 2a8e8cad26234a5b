package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// socketOptions are options with short times.
func socketOptions(t testing.TB, change func(*Options)) Options {
	t.Helper()
	o := Options{Store: noStore{}, RequestTimeout: 10 * time.Second, MinReconnect: time.Millisecond, MaxReconnect: 20 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	o.MaxReconnect = max(o.MaxReconnect, o.MinReconnect)
	o, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// socketPeer is a member that serves each WebSocket with a function.
type socketPeer struct {
	*httptest.Server
	address string
	tasks   sync.WaitGroup

	mu     sync.Mutex
	conns  map[*websocket.Conn]struct{}
	dialed int
}

func newSocketPeer(t testing.TB, serve func(*websocket.Conn)) *socketPeer {
	t.Helper()
	p := &socketPeer{conns: map[*websocket.Conn]struct{}{}}
	p.Server = httptest.NewUnstartedServer(p.handler(serve))
	p.address = p.Listener.Addr().String()
	t.Cleanup(func() {
		p.cut()
		p.Close()
		p.tasks.Wait()
	})
	return p
}

func (p *socketPeer) handler(serve func(*websocket.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws" {
			http.NotFound(w, r)
			return
		}
		p.tasks.Add(1)
		defer p.tasks.Done()
		up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns[ws] = struct{}{}
		p.dialed++
		p.mu.Unlock()
		serve(ws)
		_ = ws.Close()
		p.mu.Lock()
		delete(p.conns, ws)
		p.mu.Unlock()
	})
}

// cut closes all connections.
func (p *socketPeer) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ws := range p.conns {
		_ = ws.Close()
	}
}

func (p *socketPeer) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialed
}

// start starts a peer that serves each WebSocket with serve.
func startSocketPeer(t testing.TB, serve func(*websocket.Conn)) *socketPeer {
	t.Helper()
	p := newSocketPeer(t, serve)
	p.Start()
	return p
}

// asker returns an asker of the peer.
func (p *socketPeer) asker(t testing.TB, change func(*Options)) *socketAsker {
	t.Helper()
	a := newSocketAsker(p.address, socketOptions(t, change)).(*socketAsker)
	t.Cleanup(a.close)
	return a
}

// noStore is a store without anything in it.
type noStore struct{ Store }

// oldSocketEnvelope is the envelope of 0.5.1.
type oldSocketEnvelope struct {
	Cmd           string
	Status        int
	Results       string
	Key           string
	Data          []byte
	ResponseHost  string
	KeyCreateTime time.Time
}

type oldValue struct {
	value   string
	created time.Time
}

// oldSocket answers as /ws of 0.5.1 does.
type oldSocket map[string]oldValue

func (n oldSocket) answer(message string) []byte {
	words := append(strings.Split(message, " "), "", "", "")
	e := oldSocketEnvelope{Status: 501, Results: "UNKNOWN_COMMAND", ResponseHost: "127.0.0.1:7720"}
	if words[0] == "get" {
		key := strings.TrimSpace(words[1])
		e = oldSocketEnvelope{Cmd: "get", Status: 404, Results: "NOT_FOUND", Key: key, ResponseHost: e.ResponseHost}
		if found, ok := n[key]; ok {
			e.Status, e.Results, e.Data, e.KeyCreateTime = 200, "SUCCESS", []byte(found.value), found.created
		}
		if words[2] != "info" {
			return e.Data
		}
		if tag := strings.TrimSpace(words[3]); tag != "" {
			e.Key += "@" + tag
		}
	}
	b, _ := json.Marshal(e) // never fails
	return b
}

// serve answers until the connection ends. Like 0.5.1 it pings, and gives up a client
// that does not answer that.
func (n oldSocket) serve(ws *websocket.Conn) { n.serveCounting(ws, new(atomic.Int32)) }

// serveCounting counts the answers to its pings.
func (n oldSocket) serveCounting(ws *websocket.Conn, pongs *atomic.Int32) {
	stop := make(chan struct{})
	var pinger sync.WaitGroup
	defer pinger.Wait()
	defer close(stop)
	patience := func(string) error {
		pongs.Add(1)
		return ws.SetReadDeadline(time.Now().Add(2 * time.Second))
	}
	_ = patience("")
	ws.SetPongHandler(patience)
	pinger.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
			case <-stop:
				return
			}
		}
	})
	for {
		kind, message, err := ws.ReadMessage()
		if err != nil || ws.WriteMessage(kind, n.answer(string(message))) != nil {
			return
		}
	}
}

// fixedAsker answers everything with one value.
type fixedAsker struct {
	mu    sync.Mutex
	asked []string
}

func (f *fixedAsker) ask(_ context.Context, key []byte) (reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, string(key))
	return reply{found: true, value: []byte("over HTTP")}, nil
}

func (f *fixedAsker) close() {}

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
