package ask

import (
	"io"
	"sync/atomic"
)

// socketProgress counts what has come over a connection, so that one answer that is late can be
// told from a member or a connection that is dead.
type socketProgress struct {
	answers atomic.Uint64 // in time
	large   atomic.Uint64 // pieces of large messages, also of one that is still coming
	signs   atomic.Uint64 // anything else: pings, pongs, the beginnings of messages
	doubts  atomic.Uint32 // questions since the last answer in time that were only followed by signs
}

// progressMark is the progress at one moment.
type progressMark struct{ answers, large, signs uint64 }

func (p *socketProgress) mark() progressMark {
	return progressMark{p.answers.Load(), p.large.Load(), p.signs.Load()}
}

// answered takes note of an answer in time.
func (p *socketProgress) answered() {
	p.answers.Add(1)
	p.doubts.Store(0)
}

// isThere tells whether the member is there, and only the answer to the question that was
// asked at since is late. Other answers are proof, and so is a large value that is coming.
// Anything else is not for long: a member that hangs may send pings, and one that has too
// much to do answers everybody too late.
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

// progressReader reads a message and counts its progress. For each large piece its sender
// is given time anew.
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
