package load

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

var errUnasked = errors.New("answer to no request")

// connection is one connection of a load: the requests under way, which are sent together, and
// what came back of their answers. It does no input or output itself.
type connection struct {
	target  *Target
	reads   int // of ten requests
	rng     *rand.Rand
	request []byte // the current requests
	unsent  []byte // their rest
	in      []byte // received and not yet parsed
	isGet   []bool // of each of the current requests
	waiting int    // for how many of their answers
	sent    time.Time
}

func newConnection(t *Target, m Op, seed, id uint64) *connection {
	return &connection{target: t, reads: m.reads(), rng: rand.New(rand.NewPCG(seed, id)), isGet: make([]bool, max(t.Depth, 1))}
}

// next renders the next requests into unsent.
func (l *connection) next(now time.Time) {
	l.request = l.request[:0]
	for i := range l.isGet {
		key := l.rng.Uint64N(l.target.Keys)
		l.isGet[i] = l.reads == 10 || l.reads > 0 && l.rng.IntN(10) < l.reads
		if l.isGet[i] {
			l.request = l.target.Get.Append(l.request, key)
		} else {
			l.request = l.target.Set.Append(l.request, key)
		}
	}
	l.unsent, l.waiting, l.sent = l.request, len(l.isGet), now
}

// received takes what was read from the connection. It returns whether all answers are
// there, and an error when one is not as expected.
func (l *connection) received(chunk []byte) (done bool, err error) {
	if len(chunk) == 0 {
		return false, io.ErrUnexpectedEOF
	}
	if l.waiting == 0 {
		return false, errUnasked
	}
	// The usual answers come in one piece and are parsed where they were read.
	b := chunk
	if len(l.in) > 0 {
		l.in = append(l.in, chunk...)
		b = l.in
	}
	for l.waiting > 0 {
		resp, n, err := l.target.Parse(b)
		if err != nil {
			return false, err
		}
		if n == 0 {
			break
		}
		b = b[n:]
		get := l.isGet[len(l.isGet)-l.waiting]
		l.waiting--
		if err := l.check(resp, get); err != nil {
			return l.waiting == 0, err
		}
	}
	if l.waiting == 0 && len(b) > 0 {
		return false, errUnasked
	}
	l.in = append(l.in[:0], b...)
	return l.waiting == 0, nil
}

// check returns an error unless resp is what a healthy server answers.
func (l *connection) check(resp response, get bool) error {
	if resp.Status != 200 || get && len(resp.Body) != l.target.Value {
		op := "set"
		if get {
			op = "get"
		}
		return fmt.Errorf("%s: %s answered %d with %d bytes: %.200q", l.target.Name, op, resp.Status, len(resp.Body), resp.Body)
	}
	return nil
}
