package ask

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"owlcache/engine"
)

const (
	pingInterval = 5 * time.Second // between two pings
	goodbyeTime  = time.Second     // for the last message
	// leastMessage is how many bytes a message may have whatever the options say: room for
	// the largest key, with every byte escaped.
	leastMessage = 64 << 10
	keptMessage  = 64 << 10 // bytes up to which the buffer of a message is kept
)

var errMessageTooLarge = errors.New("the answer is larger than the largest message")

// socketConn is one connection to a member. Questions are matched with their answers by a
// tag. The goroutine of run reads, and another one writes.
type socketConn struct {
	ws      *websocket.Conn
	opts    Options
	limit   int64 // bytes of a message
	silence time.Duration
	ping    time.Duration

	slots chan struct{}       // holds one for each question under way
	out   chan socketQuestion // to be written
	done  chan struct{}       // closed when the connection is over
	once  sync.Once
	err   error       // why; after done
	alive atomic.Bool // the member has said something

	progress socketProgress
	probing  atomic.Bool // a probe is under way

	mu      sync.Mutex // protects what follows
	last    uint64     // tag
	waiting map[string]chan<- socketResult
}

type socketQuestion struct {
	kind int
	tag  string
	body []byte
}

type socketResult struct {
	reply Reply
	err   error
}

func messageLimit(o Options) int64 { return max(o.MaxMessageSize, leastMessage) }

// messageOf is the most bytes that the message of a value of this size has.
func messageOf(size int) int64 { return int64(base64.StdEncoding.EncodedLen(size)) + leastMessage }

func newSocketConn(ws *websocket.Conn, o Options) *socketConn {
	return &socketConn{
		ws: ws, opts: o,
		limit:   messageLimit(o),
		ping:    pingInterval,
		silence: o.WriteWait + 2*pingInterval, // while a message is being written no ping is sent
		slots:   make(chan struct{}, o.MessageBuffer),
		out:     make(chan socketQuestion, min(o.MessageBuffer, DefaultMessageBuffer)),
		done:    make(chan struct{}),
		waiting: map[string]chan<- socketResult{},
	}
}

// run serves the connection until it or ctx ends, and returns why it has ended.
func (l *socketConn) run(ctx context.Context) error {
	var writer sync.WaitGroup
	writer.Go(func() { l.write(ctx) })
	// A member that reads nothing keeps a message from being written, and so the writer
	// from seeing that ctx has ended.
	release := context.AfterFunc(ctx, func() { _ = l.ws.NetConn().SetWriteDeadline(time.Now().Add(goodbyeTime)) })
	defer release()
	l.fail(l.read())
	writer.Wait()
	return l.err
}

// fail ends the connection. The first reason counts.
func (l *socketConn) fail(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.done)
		_ = l.ws.Close() // whatever it says, the connection is over
	})
}

func (l *socketConn) ask(ctx context.Context, key []byte) (Reply, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return Reply{}, Unsent(l.err)
	case <-ctx.Done():
		return Reply{}, Unsent(ErrBusy)
	}
	defer func() { <-l.slots }()
	since := l.progress.mark()
	tag, result := l.expect()
	defer l.forget(tag)
	q := socketQuestion{kind: websocket.TextMessage, tag: tag}
	q.body = appendSocketQuestion(make([]byte, 0, len(key)+32), key, tag)
	if !utf8.Valid(key) {
		q.kind = websocket.BinaryMessage // such a text is none
	}
	select {
	case l.out <- q:
	case <-l.done:
		return Reply{}, Unsent(l.err)
	case <-ctx.Done():
		return Reply{}, Unsent(l.overdue(ctx, since))
	}
	return l.await(ctx, result, since)
}

// expect makes a tag, and returns where its answer will be.
func (l *socketConn) expect() (tag string, result <-chan socketResult) {
	c := make(chan socketResult, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	tag = strconv.FormatUint(l.last, 36)
	l.waiting[tag] = c
	return tag, c
}

// forget lets a late answer be dropped.
func (l *socketConn) forget(tag string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, tag)
}

// settle hands a result over to the question with this tag, if there is one.
func (l *socketConn) settle(tag string, r Reply, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.waiting[tag]; c != nil {
		l.progress.answered()
		delete(l.waiting, tag)
		c <- socketResult{r, err}
	}
}

func (l *socketConn) isExpected(tag string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting[tag] != nil
}

func (l *socketConn) write(ctx context.Context) {
	ping := time.NewTicker(l.ping)
	defer ping.Stop()
	for {
		var err error
		select {
		case q := <-l.out:
			if !l.isExpected(q.tag) {
				continue // nobody waits for it any more
			}
			_ = l.ws.SetWriteDeadline(time.Now().Add(l.opts.WriteWait)) // never fails
			err = l.ws.WriteMessage(q.kind, q.body)
		case <-ping.C:
			err = l.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(l.opts.WriteWait))
		case <-ctx.Done():
			bye := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
			_ = l.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(goodbyeTime)) // a courtesy
			l.fail(ErrGone)
			return
		case <-l.done:
			return
		}
		if err != nil {
			l.fail(fmt.Errorf("the member takes no more questions: %w", err))
			return
		}
	}
}

// read takes answers until there are no more, and returns why.
func (l *socketConn) read() error {
	// An answer that is too large is passed over, and the connection goes on. More than the
	// largest value of any node is no answer at all.
	l.ws.SetReadLimit(max(l.limit, messageOf(engine.MaxValueSize)))
	l.ws.SetPongHandler(func(string) error { return l.heardControl() })
	pong := l.ws.PingHandler()
	l.ws.SetPingHandler(func(text string) error { return errors.Join(l.heardControl(), pong(text)) })
	if err := l.renew(); err != nil {
		return lost(err)
	}
	var message bytes.Buffer
	for {
		_, r, err := l.ws.NextReader()
		if err != nil {
			return lost(err)
		}
		if message.Cap() > keptMessage {
			message = bytes.Buffer{}
		}
		message.Reset()
		r = &progressReader{Reader: r, conn: l}
		n, err := message.ReadFrom(io.LimitReader(r, l.limit+1))
		if err != nil {
			return lost(err)
		}
		switch {
		case n == 0: // 0.5.1 sends this for an envelope that it cannot write
		case n > l.limit:
			rest, err := io.Copy(io.Discard, r)
			if err != nil {
				return lost(err)
			}
			l.settle(tagOfStart(message.Bytes()), Reply{}, l.tooLarge(n+rest))
		default:
			a, err := parseSocketAnswer(message.Bytes())
			if err != nil {
				return err
			}
			reply, err := a.reply(l.opts.MaxValueSize)
			l.settle(tagOf(a.Key), reply, err)
		}
		if err := l.heard(); err != nil {
			return lost(err)
		}
	}
}

// tooLarge says what it means that an answer has so many bytes.
func (l *socketConn) tooLarge(n int64) error {
	if n > messageOf(l.opts.MaxValueSize) {
		return ErrTooLarge // over HTTP it would be no smaller
	}
	return errMessageTooLarge
}

func (l *socketConn) heard() error {
	l.alive.Store(true)
	return l.renew()
}

// heardControl is heard for a ping or a pong.
func (l *socketConn) heardControl() error {
	l.progress.signs.Add(1)
	return l.heard()
}

// renew gives the member time anew until it must be heard of.
func (l *socketConn) renew() error { return l.ws.SetReadDeadline(time.Now().Add(l.silence)) }

// lost says what it means that no more can be read.
func lost(err error) error {
	ce, bye := errors.AsType[*websocket.CloseError](err)
	ne, failed := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return errors.New("the member has sent a message larger than any answer")
	case bye && ce.Code == websocket.CloseTryAgainLater:
		return ErrTryLater
	case bye && ce.Code == websocket.CloseAbnormalClosure:
		return errHungUp
	case bye:
		return fmt.Errorf("the member has closed the connection with code %d", ce.Code)
	case failed && ne.Timeout():
		return errors.New("the member has not been heard of for too long")
	}
	return fmt.Errorf("the connection is lost: %w", err)
}
