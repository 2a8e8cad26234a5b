package socket

import (
	"net"

	"owlcache/api/internal/fault"
)

// reserve takes memory for an answer of cost bytes if that is large. A connection has one large answer
// at a time. The error is fault.ErrAnswersFull, errLeaving, or net.ErrClosed.
func (k *connection) reserve(cost int64) (taken int64, err error) {
	if cost <= smallAnswer {
		return 0, nil
	}
	select {
	case k.large <- struct{}{}:
	case <-k.leaving:
		return 0, errLeaving
	case <-k.closed:
		return 0, net.ErrClosed
	}
	answers := k.srv.node.Answers
	if cost = min(cost, answers.Size); answers.Take(cost) {
		taken = cost
	} else if !k.starved.Load() { // once: what is asked behind it must not wait again and again
		taken = answers.TakeSoon(cost)
	}
	k.starved.Store(taken == 0)
	if taken == 0 {
		<-k.large
		return 0, fault.ErrAnswersFull
	}
	return taken, nil
}

func (k *connection) release(taken int64) {
	if taken > 0 {
		k.srv.node.Answers.Give(taken)
		<-k.large
	}
}
