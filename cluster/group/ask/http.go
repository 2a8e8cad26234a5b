package ask

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	largeBodies = 8       // bodies of the largest size that are read from a member at once
	maxDiscard  = 4 << 10 // bytes of a body that is only read to keep the connection
)

// HTTP asks a member over HTTP, as every version of the program understands it:
//
//	GET /data/?cmd=get&key=K
//
// It is a client of its own for this one question. A get that is not cached takes 0.139 ms,
// with net/http 0.183 and with fasthttp 0.166 (owlbench group, medians). Besides, net/http
// refuses the echo of a key with control characters, which old nodes send, and fasthttp's
// HostClient knows no context and keeps a goroutine that Close could not end.
type HTTP struct {
	address string
	limit   int // bytes of a value
	pool    *connPool
	bodies  *semaphore.Weighted // bytes of large bodies that are being read
}

// NewHTTP returns what asks the member of this address. The options are complete.
func NewHTTP(address string, o Options) *HTTP {
	return &HTTP{
		address: address,
		limit:   o.MaxValueSize,
		pool:    newConnPool(address, o),
		bodies:  semaphore.NewWeighted(largeBodies * (int64(o.MaxValueSize) + 1)),
	}
}

// Ask returns what the member has under key. That there is nothing is no error. It returns
// soon after ctx ends, and keeps no hold on key.
func (a *HTTP) Ask(ctx context.Context, key []byte) (Reply, error) {
	for {
		c, err := a.pool.take(ctx)
		if err != nil {
			return Reply{}, Unsent(err)
		}
		reused := !c.idle.IsZero()
		r, err := a.askOn(ctx, c, key)
		if !reused || !errors.Is(err, errHungUp) {
			return r, err
		}
		// The member had closed the connection before it saw the question, and the
		// others that are idle are no younger.
		a.pool.sweep(time.Now())
	}
}

func (a *HTTP) askOn(ctx context.Context, c *httpConn, key []byte) (Reply, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // fails if it is closed
	r, reusable, err := a.exchange(ctx, c, key)
	a.pool.give(c, stop() && reusable && c.r.Buffered() == 0)
	return r, err
}

// exchange tells, too, whether the connection is good for another question.
func (a *HTTP) exchange(ctx context.Context, c *httpConn, key []byte) (r Reply, reusable bool, err error) {
	if _, err = c.Write(question(a.address, key)); err == nil {
		_, err = c.r.Peek(1)
	}
	if err != nil { // no byte of an answer has come
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			err = errHungUp
		}
		return r, false, err
	}
	h, err := readHead(c.r)
	if err != nil {
		return r, false, cutOff(err)
	}
	if h.status != 200 && h.close {
		return r, false, h.error()
	}
	if h.status != 200 {
		_, err := readBody(c.r, h, maxDiscard, func(int) error { return ErrBusy })
		return r, err == nil && !h.close, h.error()
	}
	if err := h.error(); err != nil {
		return r, false, err
	}
	reserved := 0
	defer func() { a.bodies.Release(int64(reserved)) }()
	body, err := readBody(c.r, h, a.limit, func(n int) error {
		if a.bodies.Acquire(ctx, int64(n)) != nil {
			return ErrBusy
		}
		reserved = n
		return nil
	})
	if err != nil {
		return r, false, cutOff(err)
	}
	return Reply{Found: true, Value: body, Created: h.created}, !h.close, nil
}

// Sweep closes connections that have not been used for long.
func (a *HTTP) Sweep() { a.pool.sweep(time.Now().Add(-idleConnTime)) }

// Close ends all questions and connections, and waits until nothing of them is left.
func (a *HTTP) Close() {
	a.pool.close()
	a.pool.wait()
}

// cutOff names the error of an answer that has ended too early.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutOff
	}
	return err
}

// headerImport with the value "no" keeps a member from looking elsewhere for what it does not
// have: each node imports what its own clients miss. Old programs do not know it.
const headerImport = "Owlcache-Import"

func question(address string, key []byte) []byte {
	escaped := strings.ReplaceAll(url.QueryEscape(string(key)), "+", "%20")
	return []byte("GET /data/?cmd=get&key=" + escaped + " HTTP/1.1\r\nHost: " + address +
		"\r\nUser-Agent: owlcache\r\n" + headerImport + ": no\r\n\r\n")
}
