package line

import (
	"bytes"
	"errors"
	"time"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/node"
	"owlcache/engine"
)

// Returned by a session that ends for a reason of its own.
var (
	errForeign  = errors.New("not the line protocol but HTTP or TLS")
	errLongLine = errors.New("line too long")
	errGuessing = errors.New("too many wrong passwords")
)

// session is one connection.
type session struct {
	srv   *Server
	store node.Store
	c     *conn.Conn

	in      []byte    // received
	at      int       // in[at:] is not yet served
	scanned int       // in[at:scanned] holds no line end
	taken   int64     // of the memory for large requests, for what in is beyond buffer
	since   time.Time // of the first byte of the line that is not yet whole
	full    bool      // the last read filled the buffer
	spare   int       // reads since then that would have had room in buffer

	*work // while lines are served

	mayWrite bool
	counts   tally // what happened since the last flush
}

func (t *session) begin(s *Server, store node.Store, c *conn.Conn) {
	t.srv, t.store, t.c = s, store, c
	t.mayWrite = s.opts.OpenWrites || s.node.Access.Trusts(c.Peer)
	if t.in == nil {
		t.in = make([]byte, 0, bufferMin)
	}
	t.open()
	t.out = append(t.out, greeting...)
}

func (t *session) end() {
	if t.srv == nil {
		return // it has not begun
	}
	s := t.srv
	s.node.Requests.Give(t.taken)
	t.shut()
	in := t.in[:0]
	if cap(in) > buffer {
		in = nil
	}
	*t = session{in: in}
	s.sessions.Put(t)
}

func (t *session) serve() error {
	for {
		if err := t.flush(); err != nil {
			return err
		}
		t.shut()
		t.c.Busy.Store(false)
		if err := t.fill(); err != nil {
			return err
		}
		t.open()
		if err := t.serveLines(); err != nil {
			return errors.Join(err, t.flush())
		}
	}
}

func (t *session) serveLines() error {
	for {
		i := bytes.IndexByte(t.in[t.scanned:], '\n')
		if i < 0 {
			t.scanned = len(t.in)
			break
		}
		line := t.in[t.at : t.scanned+i]
		t.at = t.scanned + i + 1
		t.scanned = t.at
		if err := t.serveLine(line); err != nil {
			return err
		}
		if len(t.out) >= answerBuffer {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	t.commit()
	if len(t.in)-t.at >= t.srv.maxLine {
		t.refuseLong(t.in[t.at:])
		return errLongLine
	}
	return nil
}

func (t *session) serveLine(line []byte) error {
	if len(line) >= t.srv.maxLine {
		t.refuseLong(line)
		return errLongLine
	}
	q := parse(line)
	switch q.cmd {
	case cmdGet:
		return t.get(&q)
	case cmdSet, cmdExpire, cmdDelete:
		t.write(&q)
	case cmdExist:
		t.commit()
		t.exist(&q)
	case cmdPing:
		t.commit()
		return t.ping(&q)
	case cmdPass:
		t.commit()
		return t.pass(&q)
	default:
		t.commit()
		if isForeign(line) {
			t.c.Linger = true
			t.srv.hostile.Add(1)
			return errForeign
		}
		t.envelope(&request{}, 501, nil, 0)
	}
	return nil
}

// refuseLong answers a line of which there may be more to come, as far as it tells what it is.
func (t *session) refuseLong(line []byte) {
	t.commit()
	q := parse(line[:min(len(line), len("expire ")+engine.MaxKeySize)])
	t.envelope(&q, 500, nil, 0)
	t.c.Linger = true
}

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
