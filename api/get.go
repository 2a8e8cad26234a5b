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
	value, meta, ok := store.GetUpTo(resp.SwapBody(nil)[:0], x.params.key, keepBuffer)
	resp.SwapBody(value) // empty, unless it is the answer
	switch {
	case !ok:
		return meta, engine.ErrNotFound
	case meta.Size > keepBuffer:
		return x.answerLarge(store, int64(meta.Size))
	}
	x.ctx.SetContentType(typeRaw)
	x.setDataHeaders(meta.Created)
	return meta, nil
}

// answerLarge answers a value of about size bytes as soon as there is memory for it. Such
// values are not kept in the connection's buffer and share a budget until they have been
// sent.
func (x *exchange) answerLarge(store Store, size int64) (engine.Meta, error) {
	taken := x.srv.answers.takeSoon(size)
	if taken == 0 {
		return engine.Meta{}, refusal{status: 503, reason: errAnswersFull.Error(), retryAfter: 1}
	}
	value, meta, ok := store.Get(nil, x.params.key)
	if !ok {
		x.srv.answers.give(taken)
		return meta, engine.ErrNotFound
	}
	x.stream(value, taken)
	x.ctx.SetContentType(typeRaw)
	x.setDataHeaders(meta.Created)
	return meta, nil
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
