package ask

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"owlcache/cluster"
)

// WebSocket asks a member over one long WebSocket connection, which is made at once
// and made again whenever it is lost. While there is none, questions fail without
// waiting.
//
// What a WebSocket cannot carry is asked over HTTP, which the member serves on the same
// port: keys with spaces, and values that do not fit into a message.
type WebSocket struct {
	opts   Options
	dialer *socketDialer
	http   *HTTP
	stop   context.CancelFunc
	task   sync.WaitGroup
	tried  chan struct{} // closed when it is known whether the first attempt has worked
	large  largeKeys     // whose values do not fit into a message

	mu   sync.Mutex // protects what follows
	conn *socketConn
	err  error // why there is no connection
}

// NewWebSocket returns what asks the member of this address. The options are complete.
func NewWebSocket(address string, o Options) *WebSocket {
	a := &WebSocket{opts: o, dialer: newSocketDialer(address, o), http: NewHTTP(address, o), tried: make(chan struct{})}
	var ctx context.Context
	ctx, a.stop = context.WithCancel(context.Background())
	a.task.Go(func() { a.run(ctx) })
	return a
}

// run keeps a connection until ctx ends.
func (a *WebSocket) run(ctx context.Context) {
	first := sync.OnceFunc(func() { close(a.tried) })
	defer first()
	defer a.set(nil, ErrGone)
	for fails := 0; ; fails++ {
		ws, err := a.dialer.dial(ctx)
		if err == nil {
			conn := newSocketConn(ws, a.opts)
			a.set(conn, nil)
			first()
			err = conn.run(ctx)
			if conn.alive.Load() { // not one that is closed as soon as it is made
				fails = 0
			}
		}
		a.set(nil, fmt.Errorf("there is no connection: %w", err))
		first()
		if !cluster.Pause(ctx, pauseAfter(fails, a.opts.MinReconnect, a.opts.MaxReconnect)) {
			return
		}
	}
}

func (a *WebSocket) set(conn *socketConn, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conn, a.err = conn, err
}

// current returns the connection, or why there is none. It waits for the first attempt only.
func (a *WebSocket) current(ctx context.Context) (*socketConn, error) {
	select {
	case <-a.tried:
	case <-ctx.Done():
		return nil, Unsent(ctx.Err())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, Unsent(a.err)
	}
	return a.conn, nil
}

// Ask is as that of HTTP.
func (a *WebSocket) Ask(ctx context.Context, key []byte) (Reply, error) {
	if !canCarry(key) || a.large.has(key) {
		return a.askHTTP(ctx, key)
	}
	conn, err := a.current(ctx)
	if err != nil {
		return Reply{}, err
	}
	r, err := conn.ask(ctx, key)
	if errors.Is(err, errMessageTooLarge) {
		a.large.add(key)
		return a.askHTTP(ctx, key)
	}
	return r, err
}

// askHTTP asks over HTTP, and takes note when the value fits into a message again.
func (a *WebSocket) askHTTP(ctx context.Context, key []byte) (Reply, error) {
	r, err := a.http.Ask(ctx, key)
	if err == nil && messageOf(len(r.Value)) <= messageLimit(a.opts) {
		a.large.remove(key)
	}
	return r, err
}

// Sweep is as that of HTTP.
func (a *WebSocket) Sweep() { a.http.Sweep() }

// Close is as that of HTTP.
func (a *WebSocket) Close() {
	a.stop()
	a.http.Close()
	a.task.Wait()
}

const maxLargeKeys = 256 // that are remembered

// largeKeys remembers keys whose values a member cannot send in a message, so that they
// do not cross the network twice each time. The zero value is empty and ready.
type largeKeys struct {
	mu   sync.Mutex // protects keys
	keys map[string]struct{}
}

func (l *largeKeys) has(key []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.keys[string(key)]
	return ok
}

func (l *largeKeys) add(key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]struct{}{}
	}
	l.keys[string(key)] = struct{}{}
	for other := range l.keys { // any
		if len(l.keys) <= maxLargeKeys {
			return
		}
		delete(l.keys, other)
	}
}

func (l *largeKeys) remove(key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, string(key))
}

// pauseAfter returns how long to wait after some failures: longer after each one, up to a
// fifth more or less, so that nodes that have lost one member together do not come back
// together, and always within the bounds.
func pauseAfter(fails int, least, longest time.Duration) time.Duration {
	middle := min(float64(least)/0.8*math.Pow(1.5, float64(fails)), float64(longest)/1.2)
	return min(max(time.Duration(middle*(0.8+0.4*rand.Float64())), least), longest)
}
