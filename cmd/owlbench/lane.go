package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

var errUnasked = errors.New("answer to no request")

// lane is one connection of a load: the request under way and what came back of
// its answer. It does no input or output itself.
type lane struct {
	target  *target
	reads   int // of ten requests
	rng     *rand.Rand
	request []byte // of the current request
	unsent  []byte // its rest
	in      []byte // received and not yet parsed
	isGet   bool
	waiting bool // for an answer
	sent    time.Time
}

func newLane(t *target, m mix, seed, id uint64) *lane {
	return &lane{target: t, reads: m.reads(), rng: rand.New(rand.NewPCG(seed, id))}
}

// next renders the next request into unsent.
func (l *lane) next(now time.Time) {
	key := l.rng.Uint64N(l.target.keys)
	l.isGet = l.reads == 10 || l.reads > 0 && l.rng.IntN(10) < l.reads
	if l.isGet {
		l.request = l.target.get.append(l.request[:0], key)
	} else {
		l.request = l.target.set.append(l.request[:0], key)
	}
	l.unsent, l.waiting, l.sent = l.request, true, now
}

// received takes what was read from the connection. It returns whether the
// answer is complete, and an error when it is not the one that was expected.
func (l *lane) received(chunk []byte) (done bool, err error) {
	if len(chunk) == 0 {
		return false, io.ErrUnexpectedEOF
	}
	if !l.waiting {
		return false, errUnasked
	}
	// The usual answer comes in one piece and is parsed where it was read.
	b := chunk
	if len(l.in) > 0 {
		l.in = append(l.in, chunk...)
		b = l.in
	}
	resp, n, err := l.target.parse(b)
	switch {
	case err != nil:
		return false, err
	case n == 0:
		if len(l.in) == 0 {
			l.in = append(l.in, chunk...)
		}
		return false, nil
	case n != len(b):
		return false, errUnasked
	}
	l.waiting = false
	err = l.check(resp)
	l.in = l.in[:0]
	return true, err
}

// check returns an error unless resp is what a healthy server answers.
func (l *lane) check(resp response) error {
	if resp.status != 200 || l.isGet && len(resp.body) != l.target.value {
		op := "set"
		if l.isGet {
			op = "get"
		}
		return fmt.Errorf("%s: %s answered %d with %d bytes: %.200q", l.target.name, op, resp.status, len(resp.body), resp.body)
	}
	return nil
}
