package line

import "owlcache/engine"

// work comes from a pool: a connection that waits for its client holds none of it.
type work struct {
	keep  []byte      // the buffer that out begins in
	out   []byte      // answers that are not yet sent
	value []byte      // of an envelope
	word  [8]byte     // a command in an envelope
	ops   []engine.Op // writes that wait to be submitted; they point into what was received
	bytes int         // of their keys and values
}

func newWork() *work {
	w := &work{keep: make([]byte, 0, answerBuffer+answerBuffer/4)}
	w.out = w.keep
	return w
}

func (t *session) open() {
	if t.work == nil {
		t.work = t.srv.work.Get().(*work)
	}
}

// shut is called when all writes have been submitted, and all answers sent or given up.
func (t *session) shut() {
	w := t.work
	if w == nil {
		return
	}
	t.work = nil
	w.out = w.keep
	t.srv.work.Put(w)
}
