package line

import (
	"errors"

	"owlcache/api/internal/fault"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

// Bounds of the writes that are submitted together.
const (
	batchOps   = 512
	batchBytes = 1 << 20
)

// write takes in a command that changes something. Its answer comes with commit.
func (t *session) write(q *request) {
	op, err := t.operation(q)
	if err != nil {
		t.commit() // what came before is answered before
		t.result(q, nil, 0, err)
		return
	}
	t.ops = append(t.ops, op)
	t.bytes += len(op.Key) + len(op.Value)
	if len(t.ops) >= batchOps || t.bytes >= batchBytes {
		t.commit()
	}
}

func (t *session) operation(q *request) (op engine.Op, err error) {
	op.Key = q.key
	if !t.mayWrite {
		return op, fault.ErrNoToken
	}
	if err := fault.OfKey(q.key); err != nil {
		return op, err
	}
	switch q.cmd {
	case cmdSet:
		op.Kind, op.Value = engine.Set, q.value
		if len(op.Value) > t.srv.node.MaxValueSize {
			return op, engine.ErrValueTooLarge
		}
	case cmdExpire:
		op.Kind = engine.Expire
		ms, err := params.ParseExptime(q.exptime)
		if err != nil {
			return op, err
		}
		op.Expires = params.ExpiryAfter(t.srv.node.Now(), ms)
	case cmdDelete:
		op.Kind = engine.Delete
	}
	return op, nil
}

// commit submits the writes that wait, as one, and answers them. Whatever looks at the store or
// answers anything comes after it: a connection sees its own writes, and answers are in order.
func (t *session) commit() {
	if len(t.ops) == 0 {
		return
	}
	all := t.store.Commit(t.ops)
	for i := range t.ops {
		op := &t.ops[i]
		err := all
		if err == nil {
			err = op.Err
		}
		t.answerWrite(op, err)
	}
	clear(t.ops)
	t.ops, t.bytes = t.ops[:0], 0
}

func (t *session) answerWrite(op *engine.Op, err error) {
	q := request{cmd: cmdDelete, key: op.Key}
	var data []byte // null
	var created int64
	switch op.Kind {
	case engine.Set:
		q.cmd, data, created = cmdSet, []byte{}, op.Meta.Created
	case engine.Expire:
		q.cmd = cmdExpire
	}
	if errors.Is(err, engine.ErrNotFound) {
		data = nil
	}
	t.result(&q, data, created, err)
}
