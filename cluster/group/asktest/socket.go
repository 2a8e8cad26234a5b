package asktest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Peer is a member that serves each WebSocket with a function.
type Peer struct {
	*httptest.Server
	Address string
	tasks   sync.WaitGroup

	mu     sync.Mutex
	http   http.Handler
	conns  map[*websocket.Conn]struct{}
	dialed int
}

// NewPeer returns a peer that is to be started, and ends with the test.
func NewPeer(t testing.TB, serve func(*websocket.Conn)) *Peer {
	t.Helper()
	p := &Peer{http: http.NotFoundHandler(), conns: map[*websocket.Conn]struct{}{}}
	p.Server = httptest.NewUnstartedServer(p.Handler(serve))
	p.Address = p.Listener.Addr().String()
	t.Cleanup(func() {
		p.Cut()
		p.Close()
		p.tasks.Wait()
	})
	return p
}

// Handler answers HTTP requests, and serves each WebSocket with serve.
func (p *Peer) Handler(serve func(*websocket.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws" {
			p.mu.Lock()
			h := p.http
			p.mu.Unlock()
			h.ServeHTTP(w, r)
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

// AnswerHTTP lets h answer what is no WebSocket.
func (p *Peer) AnswerHTTP(h http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.http = h
}

// Cut closes all connections.
func (p *Peer) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ws := range p.conns {
		_ = ws.Close()
	}
}

// Connections counts the WebSockets that there have been.
func (p *Peer) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialed
}

// StartPeer starts a peer that serves each WebSocket with serve.
func StartPeer(t testing.TB, serve func(*websocket.Conn)) *Peer {
	t.Helper()
	p := NewPeer(t, serve)
	p.Start()
	return p
}

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

// Value is what a Socket has under a key.
type Value struct {
	Value   string
	Created time.Time
}

// Socket answers as /ws of 0.5.1 does.
type Socket map[string]Value

// Answer returns the answer to a message.
func (n Socket) Answer(message string) []byte {
	words := append(strings.Split(message, " "), "", "", "")
	e := oldSocketEnvelope{Status: 501, Results: "UNKNOWN_COMMAND", ResponseHost: "127.0.0.1:7720"}
	if words[0] == "get" {
		key := strings.TrimSpace(words[1])
		e = oldSocketEnvelope{Cmd: "get", Status: 404, Results: "NOT_FOUND", Key: key, ResponseHost: e.ResponseHost}
		if found, ok := n[key]; ok {
			e.Status, e.Results, e.Data, e.KeyCreateTime = 200, "SUCCESS", []byte(found.Value), found.Created
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

// Serve answers until the connection ends. Like 0.5.1 it pings, and gives up a client
// that does not answer that.
func (n Socket) Serve(ws *websocket.Conn) { n.ServeCounting(ws, new(atomic.Int32)) }

// ServeCounting is Serve, and counts the answers to its pings.
func (n Socket) ServeCounting(ws *websocket.Conn, pongs *atomic.Int32) {
	stop := make(chan struct{})
	var pinger sync.WaitGroup
	defer pinger.Wait()
	defer close(stop)
	patience := func(string) error {
		pongs.Add(1)
		return ws.SetReadDeadline(time.Now().Add(time.Minute))
	}
	_ = patience("")
	ws.SetPongHandler(patience)
	pinger.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Minute))
			case <-stop:
				return
			}
		}
	})
	for {
		kind, message, err := ws.ReadMessage()
		if err != nil || ws.WriteMessage(kind, n.Answer(string(message))) != nil {
			return
		}
	}
}

// Slowly serves a WebSocket, and answers questions for keys that begin with slow as slow
// does.
func Slowly(slow func(ws *websocket.Conn, message string) error) func(*websocket.Conn) {
	return func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			key := strings.Split(string(message), " ")[1]
			if strings.HasPrefix(key, "slow") {
				err = slow(ws, string(message))
			} else {
				err = ws.WriteMessage(websocket.TextMessage, Socket{key: {"v", At(1)}}.Answer(string(message)))
			}
			if err != nil {
				return
			}
		}
	}
}

// WriteSlowly sends a message in pieces of so many bytes, with a pause after each.
func WriteSlowly(ws *websocket.Conn, message []byte, piece int, pause time.Duration) error {
	w, err := ws.NextWriter(websocket.TextMessage)
	for len(message) > 0 && err == nil {
		n := min(len(message), piece)
		_, err = w.Write(message[:n])
		message = message[n:]
		time.Sleep(pause)
	}
	return errors.Join(err, w.Close())
}
