package ask

import (
	"context"
	"time"

	"github.com/gorilla/websocket"
)

// await waits for the answer to a question that was asked at since.
func (l *socketConn) await(ctx context.Context, result <-chan socketResult, since progressMark) (Reply, error) {
	half := halfTime(ctx)
	defer half.Stop()
	probe := ""
	defer func() { l.endProbe(probe) }()
	for {
		select {
		case r := <-result:
			return r.reply, r.err
		case <-half.C:
			probe = l.probe()
			continue
		case <-ctx.Done():
			return Reply{}, l.overdue(ctx, since)
		case <-l.done:
		}
		select { // the answer may have been the last thing that came
		case r := <-result:
			return r.reply, r.err
		default:
			return Reply{}, l.err
		}
	}
}

// overdue says what it means that the answer to a question is not there when ctx ends.
func (l *socketConn) overdue(ctx context.Context, since progressMark) error {
	if l.progress.isThere(since) {
		return ErrTooSlow
	}
	return ctx.Err()
}

// probe asks the member a small question, if nobody else does. An answer in time says
// that it is one value that is slow, and not the member. The tag is for endProbe.
func (l *socketConn) probe() (tag string) {
	if l.probing.Swap(true) {
		return ""
	}
	tag, _ = l.expect()
	q := socketQuestion{kind: websocket.TextMessage, tag: tag}
	q.body = appendSocketQuestion(nil, []byte(ProbeKey), tag)
	select {
	case l.out <- q:
	default: // others are waiting to be asked, which will do as well
	}
	return tag
}

// endProbe ends the wait for an answer to a probe.
func (l *socketConn) endProbe(tag string) {
	if tag != "" {
		l.forget(tag)
		l.probing.Store(false)
	}
}

// halfTime returns a timer that fires when half of the time that ctx gives is over, and
// never if it gives all the time there is.
func halfTime(ctx context.Context) *time.Timer {
	deadline, ok := ctx.Deadline()
	t := time.NewTimer(time.Until(deadline) / 2)
	if !ok {
		t.Stop()
	}
	return t
}
