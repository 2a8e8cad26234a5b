package ask

import (
	"errors"
	"fmt"
	"time"
)

// Returned for a question without an answer.
var (
	ErrGone     = errors.New("the member has left the group, or the node stops")
	ErrBusy     = errors.New("too many questions to the member are under way")
	ErrTooLarge = errors.New("the value is larger than this node takes")
	ErrTooSlow  = errors.New("the answer takes too long to arrive, though the member is there")
	ErrNoNode   = errors.New("the answer has no Keycreatetime: this is no owlcache node")
	ErrKeyTime  = errors.New("its Keycreatetime is no time")
	ErrTryLater = errors.New("the member has too much to do and wants to be asked later")
)

// unsentError wraps the reason why a question was not even sent.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

// Unsent returns err as that of a question that was not even sent.
func Unsent(err error) error { return unsentError{err} }

// WasSent tells whether the question that has ended with err has left this node.
func WasSent(err error) bool {
	_, ok := errors.AsType[unsentError](err)
	return !ok
}

// StatusError is an HTTP answer that is neither a value nor "not found".
type StatusError int

func (e StatusError) Error() string {
	return fmt.Sprintf("the member has answered with HTTP status %d", int(e))
}

// EnvelopeError is such an answer over a WebSocket.
type EnvelopeError int

func (e EnvelopeError) Error() string {
	return fmt.Sprintf("the member has answered with status %d", int(e))
}

// IsOwnFault tells whether err is of this node's making: the member was not asked.
func IsOwnFault(err error) bool { return errors.Is(err, ErrGone) || errors.Is(err, ErrBusy) }

// MayBeWell tells whether err says nothing against the member: it is of this node's
// making, or only about this one key.
func MayBeWell(err error) bool {
	for _, ofTheKey := range []error{ErrTooLarge, ErrTooSlow, ErrTryLater, ErrKeyTime} {
		if errors.Is(err, ofTheKey) {
			return true
		}
	}
	if status, ok := errors.AsType[StatusError](err); ok {
		return status >= 400 && status < 500 || status == 503
	}
	if status, ok := errors.AsType[EnvelopeError](err); ok {
		return status >= 400 && status < 500 || status == 500 || status == 503
	}
	return IsOwnFault(err)
}

// Reply is what a member has under a key.
type Reply struct {
	Found   bool
	Value   []byte // nobody else's, and not to be changed
	Created time.Time
}

// ProbeKey is what a member is asked for to learn whether it is there. Any answer will do.
const ProbeKey = "owlcache-probe"

// FailuresToTrip is how many failures in a row make a member count as down. One that has
// used up all the time there is makes it so at once: nobody shall wait a second time.
const FailuresToTrip = 3
