package line

import (
	"errors"
	"os"
	"time"

	"owlcache/api/internal/conn"
)

// fill receives at least one byte. A line has to be whole within ReadTimeout of its first byte.
func (t *session) fill() error {
	o := &t.srv.opts
	if err := t.room(); err != nil {
		return err
	}
	now := time.Now()
	deadline := now.Add(o.IdleTimeout)
	if len(t.in) > 0 {
		deadline = t.since.Add(o.ReadTimeout)
	}
	if err := t.c.SetReadDeadline(deadline); err != nil {
		return err
	}
	space := t.in[len(t.in):cap(t.in)]
	n, err := t.c.Read(space)
	if n > 0 {
		t.full = n == len(space)
		return t.received(n)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && len(t.in) > 0 && !t.srv.node.Stopped() {
		t.srv.slow.Add(1)
	}
	return err
}

func (t *session) received(n int) error {
	if len(t.in) == 0 {
		t.since = time.Now()
		if isTLS(t.in[:n]) {
			t.srv.hostile.Add(1)
			return errForeign
		}
	}
	t.in = t.in[:len(t.in)+n]
	if t.spare++; len(t.in) > buffer/2 {
		t.spare = 0
	}
	return nil
}

// room makes room to receive and moves what is left of a line to the front.
func (t *session) room() error {
	if t.at > 0 {
		n := copy(t.in, t.in[t.at:])
		if n > 0 {
			t.since = time.Now() // the rest is the beginning of a line that came just now
		}
		t.in, t.scanned, t.at = t.in[:n], t.scanned-t.at, 0
	}
	switch {
	case len(t.in) == cap(t.in): // a long line
		if !t.grow(t.srv.maxLine) {
			t.open()
			t.refuseLong(t.in)
			return errors.Join(errors.New("too many long lines at once"), t.flush())
		}
	case t.full && cap(t.in) < bufferMax: // a client that sends much: it goes without, too
		t.grow(bufferMax)
	case cap(t.in) > buffer && len(t.in) <= buffer/2 && (cap(t.in) > bufferMax || t.spare >= spareReads):
		t.in = append(make([]byte, 0, buffer), t.in...)
		t.srv.node.Requests.Give(t.taken)
		t.taken = 0
	}
	t.full = false
	return nil
}

// spareReads is after how many reads that had no need of a large buffer it goes.
const spareReads = 64

// grow doubles the buffer, up to limit. Beyond buffer it takes from the memory for large requests, and
// returns false if there is none.
func (t *session) grow(limit int) bool {
	size := min(2*cap(t.in), limit)
	if size > buffer {
		n := int64(size) - t.taken
		if !t.srv.node.Requests.Take(n) {
			return false
		}
		t.taken += n
	}
	t.in = append(make([]byte, 0, size), t.in...)
	return true
}

func (t *session) flush() error {
	t.counts.flush(&t.srv.counts[t.c.Stripe])
	if len(t.out) == 0 {
		return nil
	}
	err := t.c.Extend()
	if err == nil {
		_, err = t.c.Write(t.out)
	}
	if conn.IsTimeout(err) {
		t.srv.slow.Add(1)
	}
	t.out = t.keep
	return err
}
