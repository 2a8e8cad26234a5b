package exchange

import (
	"bytes"
	"context"

	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

// Stored answers the store's value, or changes nothing and returns engine.ErrNotFound.
func (x *Exchange) Stored(store node.Store) (engine.Meta, error) {
	resp := &x.Ctx.Response
	value, meta, ok := store.GetUpTo(resp.SwapBody(nil)[:0], x.Params[params.Key], node.KeepBuffer)
	resp.SwapBody(value) // empty, unless it is the answer
	switch {
	case !ok:
		return meta, engine.ErrNotFound
	case meta.Size > node.KeepBuffer:
		return x.storedLarge(store, int64(meta.Size))
	}
	x.Ctx.SetContentType(TypeRaw)
	x.SetDataHeaders(meta.Created)
	return meta, nil
}

// storedLarge reads the value once there is memory for it.
func (x *Exchange) storedLarge(store node.Store, size int64) (engine.Meta, error) {
	taken, err := x.TakeMemory(size)
	if err != nil {
		return engine.Meta{}, err
	}
	value, meta, ok := store.Get(nil, x.Params[params.Key])
	if !ok {
		x.Node.Answers.Give(taken)
		return meta, engine.ErrNotFound
	}
	x.Stream(value, taken, meta.Created)
	return meta, nil
}

// Value answers a value that is in memory already.
func (x *Exchange) Value(value []byte, created int64) error {
	if len(value) > node.KeepBuffer {
		taken, err := x.TakeMemory(int64(len(value)))
		if err != nil {
			return err
		}
		x.Stream(value, taken, created)
		return nil
	}
	x.Raw(200, TypeRaw, value, created)
	return nil
}

// TakeMemory takes memory for a large answer as soon as it is free: n bytes, or all there is
// if that is less. Who takes it hands it to Stream or gives it back.
func (x *Exchange) TakeMemory(n int64) (taken int64, err error) {
	if taken = x.Node.Answers.TakeSoon(context.Background(), n); taken == 0 {
		return 0, fault.Unavailable(fault.ErrAnswersFull.Error())
	}
	return taken, nil
}

// Stream answers a large value, for which taken bytes have been taken, and then gives them back.
func (x *Exchange) Stream(value []byte, taken, created int64) {
	body := &largeBody{answers: x.Node.Answers, taken: taken}
	body.Reset(value)
	x.Ctx.Response.SetBodyStream(body, len(value))
	x.Ctx.SetContentType(TypeRaw)
	x.SetDataHeaders(created)
}

// largeBody gives its memory back when the HTTP server closes it.
type largeBody struct {
	bytes.Reader
	answers *node.Budget
	taken   int64
}

func (l *largeBody) Close() error {
	l.Reset(nil)
	l.answers.Give(l.taken)
	l.taken = 0
	return nil
}
