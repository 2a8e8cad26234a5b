package api

import "owlcache/engine"

// tcpWork is what a connection needs only while it serves lines. It comes from a pool, so
// that a connection that waits for its client holds none of it.
type tcpWork struct {
	keep  []byte      // the buffer that out begins in
	out   []byte      // answers that are not yet sent
	value []byte      // of an envelope
	word  [8]byte     // a command in an envelope
	ops   []engine.Op // writes that wait to be submitted; they point into what was received
	bytes int         // of their keys and values
}

func newTCPWork() *tcpWork {
	w := &tcpWork{keep: make([]byte, 0, tcpAnswers+tcpAnswers/4)}
	w.out = w.keep
	return w
}

// open takes what serving lines needs.
func (t *tcpSession) open() {
	if t.tcpWork == nil {
		t.tcpWork = t.srv.tcp.work.Get().(*tcpWork)
	}
}

// shut gives it back. All writes have been submitted, and all answers sent or given up.
func (t *tcpSession) shut() {
	w := t.tcpWork
	if w == nil {
		return
	}
	t.tcpWork = nil
	w.out = w.keep
	t.srv.tcp.work.Put(w)
}
