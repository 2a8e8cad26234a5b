package ask

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// await waits for the answer to a question that was asked at since.
func (l *socketConn) await(ctx context.Context, result <-chan socketResult, since progressMark) (Reply, error) {
	half := halfTime(ctx)
	defer half.Stop()
	probe := ""
	defer func() {
		if probe != "" {
			l.forget(probe)
			l.probing.Store(false)
		}
	}()
	for {
		select {
		case r := <-result:
			return r.reply, r.err
		case <-half.C:
			probe = l.probe()
		case <-ctx.Done():
			return Reply{}, l.overdue(ctx, since)
		case <-l.done:
			select { // the answer may have been the last thing that came
			case r := <-result:
				return r.reply, r.err
			default:
				return Reply{}, l.err
			}
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
// that it is one value that is slow, and not the member.
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

// socketProgress counts what has come over a connection: one answer that is late is told from
// a member that is dead.
type socketProgress struct {
	answers atomic.Uint64 // in time
	large   atomic.Uint64 // pieces of large messages, also of one that is still coming
	signs   atomic.Uint64 // anything else: pings, pongs, the beginnings of messages
	doubts  atomic.Uint32 // questions since the last answer in time that were only followed by signs
}

type progressMark struct{ answers, large, signs uint64 }

func (p *socketProgress) mark() progressMark {
	return progressMark{p.answers.Load(), p.large.Load(), p.signs.Load()}
}

func (p *socketProgress) answered() {
	p.answers.Add(1)
	p.doubts.Store(0)
}

// isThere tells whether the member is there, and only the answer to the question that was
// asked at since is late. Other answers are proof, and so is a large value that is coming.
// Anything else is none for long: a member that hangs may send pings.
func (p *socketProgress) isThere(since progressMark) bool {
	now := p.mark()
	switch {
	case now.answers > since.answers || now.large > since.large:
		return true
	case now == since:
		return false
	}
	return p.doubts.Add(1) < FailuresToTrip
}

// progressReader counts a message's progress. Each large piece gives its sender time anew.
type progressReader struct {
	io.Reader
	conn  *socketConn
	piece int // bytes of the piece that is coming
}

func (r *progressReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.conn.progress.signs.Add(1)
	}
	if r.piece += n; r.piece > smallBody && err == nil {
		r.piece = 0
		r.conn.progress.large.Add(1)
		err = r.conn.renew()
	}
	return n, err
}
