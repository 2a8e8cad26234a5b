package line

import (
	"bytes"
	"context"
	"slices"

	"owlcache/api/internal/envelope"
	"owlcache/api/internal/fault"
	"owlcache/engine"
)

func (t *session) get(q *request) error {
	t.commit()
	if err := fault.OfKey(q.key); err != nil {
		t.noValue(q, err)
		return nil
	}
	start := len(t.out)
	out, meta, ok := t.store.GetUpTo(t.out, q.key, buffer)
	switch {
	case !ok && t.srv.node.Importer.Get() != nil:
		return t.imported(q)
	case !ok:
		t.noValue(q, engine.ErrNotFound)
	case meta.Size > buffer:
		return t.large(q, meta.Size)
	case q.info:
		t.value = append(t.value[:0], out[start:]...)
		t.found(q, t.value, meta.Created)
	default:
		t.out = append(out, '\n')
		t.done(cmdGet, done)
	}
	return nil
}

func (t *session) found(q *request, value []byte, created int64) {
	if q.info {
		if value == nil {
			value = []byte{} // an empty value is no missing one
		}
		t.out = slices.Grow(t.out, envelope.Size(len(q.key), len(t.c.ResponseHost), len(value)))
		t.envelope(q, 200, value, created)
		return
	}
	t.out = append(append(slices.Grow(t.out, len(value)+1), value...), '\n')
	t.done(cmdGet, done)
}

func (t *session) noValue(q *request, err error) {
	status, _, _ := fault.Of(err)
	if q.info {
		t.envelope(q, status, nil, 0)
		return
	}
	t.out = append(t.out, '\n')
	t.done(cmdGet, outcomeOf(status))
}

// imported answers first what was asked before: looking elsewhere takes time.
func (t *session) imported(q *request) error {
	if err := t.flush(); err != nil {
		return err
	}
	value, meta, found := t.srv.node.Import(q.key)
	if !found {
		t.noValue(q, engine.ErrNotFound)
		return nil
	}
	if len(value) <= buffer {
		t.found(q, value, meta.Created)
		return nil
	}
	return t.reserved(envelope.Cost(len(value), q.info), func() { t.found(q, value, meta.Created) })
}

// large looks the value up once there is memory for about size bytes.
func (t *session) large(q *request, size int) error {
	return t.reserved(envelope.Cost(size, q.info), func() {
		value, meta, ok := t.store.Get(make([]byte, 0, size+1), q.key)
		switch {
		case !ok:
			t.noValue(q, engine.ErrNotFound)
		case q.info:
			t.found(q, value, meta.Created)
		default:
			t.out = append(value, '\n')
			t.done(cmdGet, done)
		}
	})
}

// reserved makes and sends an answer within the memory for large answers. Where there is none the
// connection ends: an empty line would say that there is no such value.
func (t *session) reserved(cost int64, answer func()) error {
	if err := t.flush(); err != nil {
		return err
	}
	taken := t.srv.node.Answers.TakeSoon(context.Background(), cost)
	if taken == 0 {
		return fault.ErrAnswersFull
	}
	defer t.srv.node.Answers.Give(taken)
	answer()
	return t.flush()
}

func (t *session) exist(q *request) {
	err := fault.OfKey(q.key)
	if err == nil {
		if _, ok := t.store.Stat(q.key); !ok {
			err = engine.ErrNotFound
		}
	}
	t.result(q, nil, 0, err)
}

func (t *session) ping(q *request) error {
	text := q.value
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("PONG")
	}
	echo := func() {
		t.out = append(append(slices.Grow(t.out, len(text)+1), text...), '\n')
		t.done(cmdPing, done)
	}
	if len(text) > buffer {
		return t.reserved(int64(len(text)), echo)
	}
	echo()
	return nil
}

func (t *session) pass(q *request) error {
	err := t.srv.node.Access.LogIn(t.c.Peer, q.value)
	if err == nil {
		t.mayWrite = true
	}
	t.result(&request{cmd: cmdPass}, []byte{}, 0, err)
	if _, refused := fault.AsRefusal(err); refused {
		return errGuessing
	}
	return nil
}

func (t *session) result(q *request, data []byte, created int64, err error) {
	if err == nil {
		t.envelope(q, 200, data, created)
		return
	}
	status, _, known := fault.Of(err)
	if _, refused := fault.AsRefusal(err); !known && !refused {
		t.srv.opts.Logger.Error("request failed", "protocol", "tcp", "cmd", q.cmd.String(), "err", err)
	}
	t.envelope(q, status, nil, 0)
}

func (t *session) envelope(q *request, status int, data []byte, created int64) {
	t.done(q.cmd, outcomeOf(status))
	e := envelope.Envelope{Status: status, Key: envelope.Clip(q.key), Data: data, ResponseHost: t.c.ResponseHost, Created: created}
	if q.cmd != cmdUnknown {
		e.Cmd = append(t.word[:0], q.cmd.String()...)
	}
	t.out = append(e.Append(t.out), '\n')
}
