package socket

import (
	"bytes"
	"errors"

	"owlcache/engine"
)

// maxImports is how many tagged requests of a connection wait for an import at once.
// When there are more, no more is read from it.
const maxImports = 32

// errLater is returned for a request that is answered later, out of its turn.
var errLater = errors.New("the answer comes later")

// missing answers a request for a key that the store does not hold. Answers to requests
// with a tag can be told apart: they are not waited for, so that what is asked behind them
// need not wait either.
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

// imported answers a request with what is found elsewhere. Errors are those of reserve
// that answer cannot tell of.
func (k *connection) imported(kind int, q request) (answer, error) {
	value, meta, found := k.srv.node.Import(q.key)
	if !found {
		return k.failed(kind, q, engine.ErrNotFound), nil
	}
	taken, err := k.reserve(q.cost(len(value)))
	return k.reply(kind, q, value, meta, taken, err)
}
