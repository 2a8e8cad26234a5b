package socket

import (
	"bytes"
	"errors"

	"owlcache/engine"
)

// When more tagged requests of a connection wait for an import, no more is read from it.
const maxImports = 32

var errLater = errors.New("the answer comes later")

// Answers to requests with a tag can be told apart: they are not waited for.
func (k *connection) missing(kind int, q request) (answer, error) {
	if k.importUnwanted || !k.srv.node.Imports() {
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
	taken, err := k.reserve(q.cost(len(value)))
	return k.reply(kind, q, value, meta, taken, err)
}
