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

func (c *connection) next(now time.Time) {
	c.request = c.request[:0]
	for i := range c.isGet {
		key := c.rng.Uint64N(c.target.Keys)
		c.isGet[i] = c.reads == 10 || c.reads > 0 && c.rng.IntN(10) < c.reads
		if c.isGet[i] {
			c.request = c.target.Get.Append(c.request, key)
		} else {
			c.request = c.target.Set.Append(c.request, key)
		}
	}
	c.unsent, c.waiting, c.sent = c.request, len(c.isGet), now
}

// received takes what was read, and returns whether all answers are there.
func (c *connection) received(chunk []byte) (done bool, err error) {
	if len(chunk) == 0 {
		return false, io.ErrUnexpectedEOF
	}
	if c.waiting == 0 {
		return false, errUnasked
	}
	// The usual answers come in one piece and are parsed where they were read.
	b := chunk
	if len(c.in) > 0 {
		c.in = append(c.in, chunk...)
		b = c.in
	}
	for c.waiting > 0 {
		resp, n, err := c.target.Parse(b)
		if err != nil {
			return false, err
		}
		if n == 0 {
			break
		}
		b = b[n:]
		op := Set
		if c.isGet[len(c.isGet)-c.waiting] {
			op = Get
		}
		c.waiting--
		if resp.Status != 200 || op == Get && len(resp.Body) != c.target.Value {
			return c.waiting == 0, fmt.Errorf("%s: %s answered %d with %d bytes: %.200q",
				c.target.Name, op, resp.Status, len(resp.Body), resp.Body)
		}
	}
	if c.waiting == 0 && len(b) > 0 {
		return false, errUnasked
	}
	c.in = append(c.in[:0], b...)
	return c.waiting == 0, nil
}
