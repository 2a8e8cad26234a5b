package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"owlcache/engine"
)

// socketRequest is a message of a client. Its slices point into the message.
type socketRequest struct {
	key, tag []byte
	info     bool // the answer is an envelope
}

// parseSocketRequest reads
//
//	get KEY
//	get KEY info
//	get KEY info TAG
//
// with a single space between the words. A key or a tag has no spaces, and other white
// space around it, or after all words, is cut off. It returns false for anything else.
func parseSocketRequest(message []byte) (q socketRequest, ok bool) {
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
		return socketRequest{key: key, tag: tag, info: true}, true
	case len(word) == 0 && len(tag) == 0:
		return socketRequest{key: key}, true
	}
	return q, false
}

// socketAnswer is a message to a client. Nobody changes its body any more.
type socketAnswer struct {
	kind  int // of message
	body  []byte
	taken int64 // of the memory for large answers, to be given to release when it is sent
}

// answer answers a message of this kind. An error is for serveNext: errLater, or what no
// envelope can tell of.
func (k *socket) answer(kind int, message []byte) (socketAnswer, error) {
	q, ok := parseSocketRequest(message)
	if !ok {
		return k.envelope(kind, q, 501, nil, 0, 0), nil
	}
	if err := checkKey(q.key); err != nil {
		return k.failed(kind, q, err), nil
	}
	value, meta, taken, err := k.fetch(q)
	if errors.Is(err, engine.ErrNotFound) {
		return k.missing(kind, q)
	}
	return k.reply(kind, q, value, meta, taken, err)
}

// reply answers with a value, for which taken has been reserved, or tells of the error of
// reserve.
func (k *socket) reply(kind int, q socketRequest, value []byte, meta engine.Meta, taken int64, err error) (socketAnswer, error) {
	switch {
	case errors.Is(err, errAnswersFull) && q.info:
		return k.failed(kind, q, err), nil
	case err != nil:
		return socketAnswer{}, err
	case q.info:
		return k.envelope(kind, q, 200, value, meta.Created, taken), nil
	}
	if kind == websocket.TextMessage && !utf8.Valid(value) {
		kind = websocket.BinaryMessage // a browser takes such a text for a broken connection
	}
	return socketAnswer{kind: kind, body: value, taken: taken}, nil
}

// failed answers a request that has no value.
func (k *socket) failed(kind int, q socketRequest, err error) socketAnswer {
	if !q.info {
		return socketAnswer{kind: kind}
	}
	status, _, _ := statusOf(err)
	return k.envelope(kind, q, status, nil, 0, 0)
}

// envelope answers with an envelope; value nil is null.
func (k *socket) envelope(kind int, q socketRequest, status int, value []byte, created, taken int64) socketAnswer {
	e := envelope{status: status, key: q.key, data: value, responseHost: k.srv.sockets.responseHost, created: created}
	if status != 501 {
		e.cmd = []byte("get")
	}
	if len(q.tag) > 0 {
		e.key = slices.Concat(q.key, []byte("@"), q.tag)
	}
	size := envelopeRoom + len(e.key) + len(e.responseHost) + base64.StdEncoding.EncodedLen(len(value))
	return socketAnswer{kind: kind, body: e.append(make([]byte, 0, size)), taken: taken}
}

// envelopeRoom is the size in bytes of an envelope without what is in it.
const envelopeRoom = 160

// fetch returns the value that q asks for, and what reserve has taken for the answer. The
// value of an envelope is valid until the next fetch. Errors are engine.ErrNotFound and
// those of reserve.
func (k *socket) fetch(q socketRequest) (value []byte, meta engine.Meta, taken int64, err error) {
	for {
		meta, ok := k.store.Stat(q.key)
		if !ok {
			return nil, meta, 0, engine.ErrNotFound
		}
		size := meta.Size
		if taken, err = k.reserve(q.cost(size)); err != nil {
			return nil, meta, 0, err
		}
		value, meta, ok = k.store.Get(k.room(q, size), q.key)
		if ok && (len(value) <= size || q.cost(len(value)) <= smallAnswer) {
			return value, meta, taken, nil
		}
		k.release(taken)
		if !ok {
			return nil, meta, 0, engine.ErrNotFound
		}
		// A larger value has taken its place meanwhile: once more, with room for it.
	}
}

// cost is the memory in bytes that the answer to q takes.
func (q *socketRequest) cost(size int) int64 {
	if !q.info {
		return int64(size)
	}
	return int64(size) + int64(base64.StdEncoding.EncodedLen(size))
}

// room returns where a value of this size is put: an envelope holds a copy of it, so
// that its place can be used again.
func (k *socket) room(q socketRequest, size int) []byte {
	if !q.info || size > keepBuffer {
		return make([]byte, 0, size)
	}
	if k.value == nil || cap(k.value) < size { // nil would be no value
		k.value = make([]byte, 0, max(size, smallAnswer))
	}
	return k.value[:0]
}
