package socket

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
)

// connection has two goroutines: serve reads and answers in order, pump writes; each waits for the other.
// A request with a tag that waits for an import has one more.
type connection struct {
	srv       *Server
	store     node.Store
	transport *transport
	ws        *websocket.Conn

	out     chan answer
	large   chan struct{} // holds one while a large answer is prepared, waits or is written
	opened  chan struct{} // closed when the handshake has been answered
	leaving chan struct{} // closed when no more is sent
	ended   chan struct{} // closed when no more is read
	closed  chan struct{} // closed when pump has closed the connection

	importUnwanted bool // the handshake has said so

	importing chan struct{} // holds one for each request of imports
	imports   sync.WaitGroup
	starved   atomic.Bool // there was no memory for the large answer before

	// Of serve; pump looks at them after ended.
	message  bytes.Buffer
	value    []byte
	farewell int  // code to close with, 0: nothing can be said any more
	linger   bool // the client may still be sending
}

func newConnection(s *Server, store node.Store, t *transport, ws *websocket.Conn) *connection {
	return &connection{
		srv: s, store: store, transport: t, ws: ws,
		out:     make(chan answer, queue),
		large:   make(chan struct{}, 1),
		opened:  make(chan struct{}),
		leaving: make(chan struct{}),
		ended:   make(chan struct{}),
		closed:  make(chan struct{}),

		importing: make(chan struct{}, maxImports),
	}
}

// serve reads and answers until the connection ends. c, with what the HTTP server has read ahead, is
// good until serve returns.
func (k *connection) serve(c net.Conn) {
	defer func() {
		if p := recover(); p != nil {
			k.srv.node.LogPanic("serving a WebSocket", p)
			k.farewell = websocket.CloseInternalServerErr
		}
		k.imports.Wait() // what the client has asked for is answered before the farewell
		close(k.ended)
		<-k.closed // then the HTTP server closes the connection and takes its buffer back
	}()
	if err := k.transport.open(c, time.Now().Add(k.transport.WriteTimeout)); err != nil {
		return
	}
	k.ws.SetReadLimit(maxRequest)
	// The client's farewell is answered by pump, after what it has asked for.
	k.ws.SetCloseHandler(func(int, string) error { return nil })
	k.ws.SetPongHandler(func(string) error { return k.heard() })
	close(k.opened)
	for {
		if err := k.serveNext(); err != nil {
			k.over(err)
			return
		}
	}
}

func (k *connection) serveNext() error {
	if err := k.heard(); err != nil {
		return err
	}
	kind, r, err := k.ws.NextReader()
	if err != nil {
		return err
	}
	k.message.Reset()
	if _, err := k.message.ReadFrom(r); err != nil {
		return err
	}
	k.srv.requests.Add(1)
	a, err := k.answer(kind, k.message.Bytes())
	switch {
	case errors.Is(err, errLater):
		return nil
	case errors.Is(err, errLeaving):
		return nil // no more is answered, but the client's farewell is waited for
	case err != nil:
		return err
	}
	return k.send(a)
}

var errLeaving = errors.New("the connection is being closed")

// send waits while the client does not read.
func (k *connection) send(a answer) error {
	select {
	case <-k.leaving: // first of all, so that there is an end to what pump has to send
		k.release(a.taken)
		return nil
	default:
	}
	select {
	case k.out <- a:
	case <-k.leaving:
		k.release(a.taken)
	case <-k.closed:
		k.release(a.taken)
		return net.ErrClosed
	}
	return nil
}

func (k *connection) heard() error {
	return k.ws.SetReadDeadline(time.Now().Add(k.srv.pongWait))
}

func (k *connection) over(err error) {
	ce, bye := errors.AsType[*websocket.CloseError](err)
	_, failed := errors.AsType[net.Error](err)
	switch {
	case bye && ce.Code != websocket.CloseAbnormalClosure:
		k.farewell = ce.Code
	case errors.Is(err, fault.ErrAnswersFull):
		k.farewell, k.linger = websocket.CloseTryAgainLater, true
	case conn.IsTimeout(err):
		k.farewell = websocket.ClosePolicyViolation // not heard of for too long
	default:
		// What was read is no WebSocket or too large, and the library has said so.
		k.linger = !bye && !failed
	}
	if !bye {
		k.srv.node.Logger.Debug("websocket ended", "remote", k.transport.Peer, "err", err)
	}
}

// pump writes until the connection ends, then waits for serve.
func (k *connection) pump() {
	k.srv.open.Add(1)
	defer k.finish()
	if !k.begun() {
		return
	}
	ping := time.NewTicker(k.srv.pingEvery)
	defer ping.Stop()
	for {
		var err error
		select { // a busy connection must not keep pings waiting
		case <-ping.C:
			err = k.ping()
		default:
		}
		if err == nil {
			select {
			case a := <-k.out:
				err = k.write(a)
			case <-ping.C:
				err = k.ping()
			case <-k.srv.node.Stopping:
				k.leave(websocket.CloseGoingAway)
				return
			case <-k.ended:
				k.leave(k.farewell)
				return
			}
		}
		if err != nil {
			k.lost(err)
			return
		}
	}
}

// begun waits for the answer to the handshake, and returns false if there is none.
func (k *connection) begun() bool {
	select {
	case <-k.opened:
		return true
	case <-k.ended:
	}
	select { // it may be that all is over already
	case <-k.opened:
		return true
	default:
		return false
	}
}

func (k *connection) write(a answer) error {
	defer k.release(a.taken)
	if err := k.ws.SetWriteDeadline(time.Now().Add(k.transport.WriteTimeout)); err != nil {
		return err
	}
	return k.ws.WriteMessage(a.kind, a.body)
}

func (k *connection) ping() error {
	return k.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(k.transport.WriteTimeout))
}

func (k *connection) lost(err error) {
	if conn.IsTimeout(err) {
		k.srv.slow.Add(1)
	}
	k.srv.node.Logger.Debug("websocket ended", "remote", k.transport.Peer, "err", err)
}

// leave sends the answers that wait, says goodbye with code, unless it is 0, and gives the client a
// moment to do so too.
func (k *connection) leave(code int) {
	close(k.leaving)
	for waiting := true; waiting; {
		select {
		case a := <-k.out:
			if err := k.write(a); err != nil {
				k.lost(err)
				return
			}
		default:
			waiting = false
		}
	}
	if code == 0 {
		return
	}
	bye := websocket.FormatCloseMessage(code, "")
	if k.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(k.srv.closeGrace)) != nil {
		return // there is nobody to take leave of
	}
	select {
	case <-k.ended:
	case <-time.After(k.srv.closeGrace):
	}
}

func (k *connection) finish() {
	select {
	case <-k.ended:
		k.transport.Linger = k.linger
	default:
	}
	_ = k.transport.Close() // whatever it says, the connection is over
	close(k.closed)
	<-k.ended
	for {
		select {
		case a := <-k.out:
			k.release(a.taken)
		default:
			k.srv.open.Add(-1)
			return
		}
	}
}
