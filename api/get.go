package api

import (
	"errors"
	"io"

	"owlcache/engine"
)

// runGet answers the value of key, one that is imported if the store holds none; a miss
// is 404 and empty.
func runGet(x *exchange, store Store) error {
	_, err := x.answerStored(store)
	if errors.Is(err, engine.ErrNotFound) {
		return x.answerImported()
	}
	return err
}

// answerStored answers the value that the store holds under key, or changes nothing.
func (x *exchange) answerStored(store Store) (engine.Meta, error) {
	resp := &x.ctx.Response
	buf := resp.SwapBody(nil)
	value, meta, ok := store.Get(buf[:0], x.params.key)
	if !ok {
		resp.SwapBody(buf[:0])
		return meta, engine.ErrNotFound
	}
	if cap(value) <= keepBuffer {
		resp.SwapBody(value)
	} else {
		resp.SwapBody(buf[:0])
		if err := x.largeAnswer(store, &value, &meta); err != nil {
			return meta, err
		}
	}
	x.ctx.SetContentType(typeRaw)
	x.setDataHeaders(meta.Created)
	return meta, nil
}

// largeAnswer makes a large value the answer. Such values are not kept in the
// connection's buffer and share a budget until they have been sent.
func (x *exchange) largeAnswer(store Store, value *[]byte, meta *engine.Meta) error {
	answers := x.srv.answers
	taken := int64(0)
	if n := int64(cap(*value)); answers.take(n) {
		taken = n
	} else {
		// While it waits it holds no copy, so the value is looked up once more.
		*value = nil
		if taken = answers.takeSoon(n); taken == 0 {
			return refusal{status: 503, reason: errAnswersFull.Error(), retryAfter: 1}
		}
		var ok bool
		if *value, *meta, ok = store.Get(nil, x.params.key); !ok {
			answers.give(taken)
			return engine.ErrNotFound
		}
	}
	x.ctx.Response.SetBodyStream(&largeBody{b: *value, done: func() { answers.give(taken) }}, len(*value))
	return nil
}

// largeBody is a value on its way out. The HTTP server calls Close exactly once.
type largeBody struct {
	b    []byte
	done func()
}

// WriteTo is what is used; it hands the value over in one piece.
func (l *largeBody) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(l.b)
	l.b = l.b[n:]
	return int64(n), err
}

func (l *largeBody) Read(p []byte) (int, error) {
	if len(l.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.b)
	l.b = l.b[n:]
	return n, nil
}

func (l *largeBody) Close() error {
	l.b = nil
	if l.done != nil {
		l.done()
		l.done = nil
	}
	return nil
}
