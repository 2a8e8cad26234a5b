package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gorilla/websocket"
)

// socketAsker asks a member over one long WebSocket connection, which is made at once
// and made again whenever it is lost. While there is none, questions fail without
// waiting.
//
// What a WebSocket cannot carry is asked over HTTP, which the member serves on the same
// port: keys with spaces, and values that do not fit into a message.
type socketAsker struct {
	opts    Options
	connect func(context.Context) (*websocket.Conn, error)
	http    asker
	stop    context.CancelFunc
	task    sync.WaitGroup
	tried   chan struct{} // closed when it is known whether the first attempt has worked
	large   largeKeys     // whose values do not fit into a message

	mu   sync.Mutex // protects what follows
	link *socketLink
	err  error // why there is no link
}

func newSocketAsker(address string, o Options) asker {
	return startSocketAsker(newSocketDialer(address, o).dial, newHTTPAsker(address, o), o)
}

func startSocketAsker(connect func(context.Context) (*websocket.Conn, error), http asker, o Options) *socketAsker {
	a := &socketAsker{opts: o, connect: connect, http: http, tried: make(chan struct{})}
	var ctx context.Context
	ctx, a.stop = context.WithCancel(context.Background())
	a.task.Go(func() { a.run(ctx) })
	return a
}

// run keeps a connection until ctx ends.
func (a *socketAsker) run(ctx context.Context) {
	pauses := newPauses(a.opts.MinReconnect, a.opts.MaxReconnect)
	first := sync.OnceFunc(func() { close(a.tried) })
	defer first()
	defer a.set(nil, errGone)
	for {
		ws, err := a.connect(ctx)
		if err == nil {
			link := newSocketLink(ws, a.opts)
			a.set(link, nil)
			first()
			err = link.run(ctx)
			if link.alive.Load() { // not one that is closed as soon as it is made
				pauses.reset()
			}
		}
		a.set(nil, fmt.Errorf("there is no connection: %w", err))
		first()
		if !pauseFor(ctx, pauses.next()) {
			return
		}
	}
}

func (a *socketAsker) set(link *socketLink, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.link, a.err = link, err
}

// current returns the connection, or why there is none. Only the very first attempt is
// waited for.
func (a *socketAsker) current(ctx context.Context) (*socketLink, error) {
	select {
	case <-a.tried:
	case <-ctx.Done():
		return nil, errUnsent(ctx.Err())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, errUnsent(a.err)
	}
	return a.link, nil
}

func (a *socketAsker) ask(ctx context.Context, key []byte) (reply, error) {
	if !canCarry(key) || a.large.has(key) {
		return a.askHTTP(ctx, key)
	}
	link, err := a.current(ctx)
	if err != nil {
		return reply{}, err
	}
	r, err := link.ask(ctx, key)
	if errors.Is(err, errMessageTooLarge) {
		a.large.add(key)
		return a.askHTTP(ctx, key)
	}
	return r, err
}

// askHTTP asks over HTTP, and takes note when the value fits into a message again.
func (a *socketAsker) askHTTP(ctx context.Context, key []byte) (reply, error) {
	r, err := a.http.ask(ctx, key)
	if err == nil && messageOf(len(r.value)) <= messageLimit(a.opts) {
		a.large.remove(key)
	}
	return r, err
}

func (a *socketAsker) sweep() {
	if s, ok := a.http.(sweeper); ok {
		s.sweep()
	}
}

func (a *socketAsker) close() {
	a.stop()
	a.http.close()
	a.task.Wait()
}
