package socket

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"owlcache/api/internal/envelope"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/engine"
)

type request struct {
	key, tag []byte
	info     bool // the answer is an envelope
}

// parse reads
//
//	get KEY
//	get KEY info
//	get KEY info TAG
//
// with a single space between the words. A key or a tag has no spaces, and other white
// space around it, or after all words, is cut off. It returns false for anything else.
func parse(message []byte) (q request, ok bool) {
	cmd, rest, ok := bytes.Cut(message, []byte(" "))
	if !ok || string(cmd) != "get" {
		return q, false
	}
	key, rest, _ := bytes.Cut(rest, []byte(" "))
	word, rest, _ := bytes.Cut(rest, []byte(" "))
	tag, rest, _ := bytes.Cut(rest, []byte(" "))
	key, word, tag = bytes.TrimSpace(key), bytes.TrimSpace(word), bytes.TrimSpace(tag)
	switch {
	case len(bytes.TrimSpace(rest)) > 0:
		return q, false
	case string(word) == "info":
		return request{key: key, tag: tag, info: true}, true
	case len(word) == 0 && len(tag) == 0:
		return request{key: key}, true
	}
	return q, false
}

type answer struct {
	kind  int // of message
	body  []byte
	taken int64 // of the memory for large answers, to be given to release when it is sent
}

// answer returns errLater, or an error that no envelope can tell of.
func (k *connection) answer(kind int, message []byte) (answer, error) {
	q, ok := parse(message)
	if !ok {
		return k.envelope(kind, q, 501, nil, 0, 0), nil
	}
	if err := fault.OfKey(q.key); err != nil {
		return k.failed(kind, q, err), nil
	}
	value, meta, taken, err := k.fetch(q)
	if errors.Is(err, engine.ErrNotFound) {
		return k.missing(kind, q)
	}
	return k.reply(kind, q, value, meta, taken, err)
}

// reply answers with a value, or tells of the error of reserve.
func (k *connection) reply(kind int, q request, value []byte, meta engine.Meta, taken int64, err error) (answer, error) {
	switch {
	case errors.Is(err, fault.ErrAnswersFull) && q.info:
		return k.failed(kind, q, err), nil
	case err != nil:
		return answer{}, err
	case q.info:
		return k.envelope(kind, q, 200, value, meta.Created, taken), nil
	}
	if kind == websocket.TextMessage && !utf8.Valid(value) {
		kind = websocket.BinaryMessage // a browser takes such a text for a broken connection
	}
	return answer{kind: kind, body: value, taken: taken}, nil
}

func (k *connection) failed(kind int, q request, err error) answer {
	if !q.info {
		return answer{kind: kind}
	}
	status, _, _ := fault.Of(err)
	return k.envelope(kind, q, status, nil, 0, 0)
}

func (k *connection) envelope(kind int, q request, status int, value []byte, created, taken int64) answer {
	e := envelope.Envelope{Status: status, Key: q.key, Data: value, ResponseHost: k.srv.opts.ResponseHost, Created: created}
	if status != 501 {
		e.Cmd = []byte("get")
	}
	if len(q.tag) > 0 {
		e.Key = slices.Concat(q.key, []byte("@"), q.tag)
	}
	size := envelope.Size(len(e.Key), len(e.ResponseHost), len(value))
	return answer{kind: kind, body: e.Append(make([]byte, 0, size)), taken: taken}
}

// fetch returns a value and what reserve has taken for its answer. The value of an envelope is valid
// until the next fetch. Errors are engine.ErrNotFound and those of reserve.
func (k *connection) fetch(q request) (value []byte, meta engine.Meta, taken int64, err error) {
	for {
		meta, ok := k.store.Stat(q.key)
		if !ok {
			return nil, meta, 0, engine.ErrNotFound
		}
		size := meta.Size
		if taken, err = k.reserve(envelope.Cost(size, q.info)); err != nil {
			return nil, meta, 0, err
		}
		value, meta, ok = k.store.Get(k.room(q, size), q.key)
		if ok && (len(value) <= size || envelope.Cost(len(value), q.info) <= smallAnswer) {
			return value, meta, taken, nil
		}
		k.release(taken)
		if !ok {
			return nil, meta, 0, engine.ErrNotFound
		}
		// A larger value has taken its place meanwhile: once more, with room for it.
	}
}

// room uses one place again for values that an envelope holds a copy of.
func (k *connection) room(q request, size int) []byte {
	if !q.info || size > node.KeepBuffer {
		return make([]byte, 0, size)
	}
	if k.value == nil || cap(k.value) < size { // nil would be no value
		k.value = make([]byte, 0, max(size, smallAnswer))
	}
	return k.value[:0]
}

// reserve takes memory for an answer of cost bytes if that is large. A connection has one large answer
// at a time. The error is fault.ErrAnswersFull, errLeaving, or net.ErrClosed.
func (k *connection) reserve(cost int64) (taken int64, err error) {
	if cost <= smallAnswer {
		return 0, nil
	}
	select {
	case k.large <- struct{}{}:
	case <-k.leaving:
		return 0, errLeaving
	case <-k.closed:
		return 0, net.ErrClosed
	}
	answers := k.srv.node.Answers
	if cost = min(cost, answers.Size); answers.Take(cost) {
		taken = cost
	} else if !k.starved.Load() { // once: what is asked behind it must not wait again and again
		taken = answers.TakeSoon(context.Background(), cost)
	}
	k.starved.Store(taken == 0)
	if taken == 0 {
		<-k.large
		return 0, fault.ErrAnswersFull
	}
	return taken, nil
}

func (k *connection) release(taken int64) {
	if taken > 0 {
		k.srv.node.Answers.Give(taken)
		<-k.large
	}
}

// When more tagged requests of a connection wait for an import, no more is read from it.
const maxImports = 32

var errLater = errors.New("the answer comes later")

// Answers to requests with a tag can be told apart: they are not waited for.
func (k *connection) missing(kind int, q request) (answer, error) {
	if k.importUnwanted || k.srv.node.Importer.Get() == nil {
		return k.failed(kind, q, engine.ErrNotFound), nil
	}
	if len(q.tag) == 0 {
		return k.imported(kind, q)
	}
	q.key, q.tag = bytes.Clone(q.key), bytes.Clone(q.tag)
	select {
	case k.importing <- struct{}{}:
	case <-k.closed:
		return answer{}, errLeaving
	}
	k.imports.Go(func() {
		defer func() {
			<-k.importing
			if p := recover(); p != nil {
				k.srv.node.LogPanic("importing a key", p)
			}
		}()
		if a, err := k.imported(kind, q); err == nil {
			_ = k.send(a) // it fails when the connection ends, and serve sees that too
		}
	})
	return answer{}, errLater
}

// imported returns the errors of reserve that the answer cannot tell of.
func (k *connection) imported(kind int, q request) (answer, error) {
	value, meta, found := k.srv.node.Import(q.key)
	if !found {
		return k.failed(kind, q, engine.ErrNotFound), nil
	}
	taken, err := k.reserve(envelope.Cost(len(value), q.info))
	return k.reply(kind, q, value, meta, taken, err)
}
