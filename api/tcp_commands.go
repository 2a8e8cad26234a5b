package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"

	"owlcache/engine"
)

// get answers the value of a key and a line end, only the line end on a miss. A key that
// the store does not hold is imported if it can be.
func (t *tcpSession) get(q *tcpRequest) error {
	t.commit()
	if err := checkKey(q.key); err != nil {
		t.noValue(q, err)
		return nil
	}
	start := len(t.out)
	out, meta, ok := t.store.GetUpTo(t.out, q.key, tcpBuffer)
	switch {
	case !ok && t.srv.imports():
		return t.imported(q)
	case !ok:
		t.noValue(q, engine.ErrNotFound)
	case meta.Size > tcpBuffer:
		return t.large(q, meta.Size)
	case q.info:
		t.value = append(t.value[:0], out[start:]...)
		t.found(q, t.value, meta.Created)
	default:
		t.out = append(out, '\n')
		t.done(tcpGet, tcpDone)
	}
	return nil
}

// found answers a get with its value.
func (t *tcpSession) found(q *tcpRequest, value []byte, created int64) {
	if q.info {
		if value == nil {
			value = []byte{} // an empty value is no missing one
		}
		t.out = slices.Grow(t.out, envelopeRoom+len(q.key)+base64.StdEncoding.EncodedLen(len(value)))
		t.envelope(q, 200, value, created)
		return
	}
	t.out = append(append(slices.Grow(t.out, len(value)+1), value...), '\n')
	t.done(tcpGet, tcpDone)
}

// noValue answers a get that has none.
func (t *tcpSession) noValue(q *tcpRequest, err error) {
	status, _, _ := statusOf(err)
	if q.info {
		t.envelope(q, status, nil, 0)
		return
	}
	t.out = append(t.out, '\n')
	t.done(tcpGet, tcpOutcomeOf(status))
}

// imported answers a get of a key that the store does not hold. What was asked before is
// answered first: looking elsewhere takes time.
func (t *tcpSession) imported(q *tcpRequest) error {
	if err := t.flush(); err != nil {
		return err
	}
	value, meta, found := t.srv.importKey(q.key)
	if !found {
		t.noValue(q, engine.ErrNotFound)
		return nil
	}
	if len(value) <= tcpBuffer {
		t.found(q, value, meta.Created)
		return nil
	}
	return t.reserved(q.cost(len(value)), func() { t.found(q, value, meta.Created) })
}

// large answers with a value of about size bytes, which is looked up once there is memory
// for it.
func (t *tcpSession) large(q *tcpRequest, size int) error {
	return t.reserved(q.cost(size), func() {
		value, meta, ok := t.store.Get(make([]byte, 0, size+1), q.key)
		switch {
		case !ok:
			t.noValue(q, engine.ErrNotFound)
		case q.info:
			t.found(q, value, meta.Created)
		default:
			t.out = append(value, '\n')
			t.done(tcpGet, tcpDone)
		}
	})
}

// cost is the memory in bytes that the answer with a value of this size takes.
func (q *tcpRequest) cost(size int) int {
	if q.info {
		return size + base64.StdEncoding.EncodedLen(size)
	}
	return size
}

// reserved makes an answer that takes cost bytes, and sends it, within the memory for large
// answers, which all connections share. Where there is none the connection ends: an empty
// line would say that there is no such value.
func (t *tcpSession) reserved(cost int, answer func()) error {
	if err := t.flush(); err != nil {
		return err
	}
	taken := t.srv.answers.takeSoon(int64(cost))
	if taken == 0 {
		return errAnswersFull
	}
	defer t.srv.answers.give(taken)
	answer()
	return t.flush()
}

// exist answers whether there is a value for a key.
func (t *tcpSession) exist(q *tcpRequest) {
	err := checkKey(q.key)
	if err == nil {
		if _, ok := t.store.Stat(q.key); !ok {
			err = engine.ErrNotFound
		}
	}
	t.result(q, nil, 0, err)
}

// ping answers PONG, or the text of the line.
func (t *tcpSession) ping(q *tcpRequest) error {
	text := q.value
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("PONG")
	}
	echo := func() {
		t.out = append(append(slices.Grow(t.out, len(text)+1), text...), '\n')
		t.done(tcpPing, tcpDone)
	}
	if len(text) > tcpBuffer {
		return t.reserved(len(text), echo)
	}
	echo()
	return nil
}

// pass lets the client write from now on, if it knows the password.
func (t *tcpSession) pass(q *tcpRequest) error {
	err := t.srv.judgeLogin(t.c.peer, t.srv.password.is(q.value))
	if err == nil {
		t.mayWrite = true
	}
	t.result(&tcpRequest{cmd: tcpPass}, []byte{}, 0, err)
	if _, refused := errors.AsType[refusal](err); refused {
		return errGuessing
	}
	return nil
}

// result answers with an envelope that tells of err.
func (t *tcpSession) result(q *tcpRequest, data []byte, created int64, err error) {
	if err == nil {
		t.envelope(q, 200, data, created)
		return
	}
	status, _, known := statusOf(err)
	if _, refused := errors.AsType[refusal](err); !known && !refused {
		t.srv.opts.TCPLogger.Error("request failed", "protocol", "tcp", "cmd", q.cmd.String(), "err", err)
	}
	t.envelope(q, status, nil, 0)
}

// envelope answers with an envelope and a line end.
func (t *tcpSession) envelope(q *tcpRequest, status int, data []byte, created int64) {
	t.done(q.cmd, tcpOutcomeOf(status))
	e := envelope{status: status, key: clip(q.key), data: data, responseHost: t.c.responseHost, created: created}
	if q.cmd != tcpUnknown {
		e.cmd = append(t.word[:0], q.cmd.String()...)
	}
	t.out = append(e.append(t.out), '\n')
}
