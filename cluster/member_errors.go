package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Returned for a question without an answer.
var (
	errGone     = errors.New("the member has left the group, or the node stops")
	errBusy     = errors.New("too many questions to the member are under way")
	errTooLarge = errors.New("the value is larger than this node takes")
	errTooSlow  = errors.New("the answer takes too long to arrive, though the member is there")
	errNoNode   = errors.New("the answer has no Keycreatetime: this is no owlcache node")
	errTryLater = errors.New("the member has too much to do and wants to be asked later")
)

// unsentError wraps the reason why a question was not even sent.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

func errUnsent(err error) error { return unsentError{err} }

// wasSent tells whether the question that has ended with err has left this node.
func wasSent(err error) bool {
	_, ok := errors.AsType[unsentError](err)
	return !ok
}

// timeoutError is returned for a member that has not answered in time.
type timeoutError struct{ limit time.Duration }

func errTimeout(limit time.Duration) error { return timeoutError{limit} }

func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.limit) }

// Timeout makes it a timeout as package net knows it.
func (e timeoutError) Timeout() bool { return true }

// statusError is an HTTP answer that is neither a value nor "not found".
type statusError int

func (e statusError) Error() string {
	return fmt.Sprintf("the member has answered with HTTP status %d", int(e))
}

// envelopeError is such an answer over a WebSocket. The member has read the question and
// cannot answer this one.
type envelopeError int

func (e envelopeError) Error() string {
	return fmt.Sprintf("the member has answered with status %d", int(e))
}

// isOwnFault tells whether err is of this node's making: the member was not asked.
func isOwnFault(err error) bool {
	return errors.Is(err, errGone) || errors.Is(err, errBusy) ||
		errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}

// mayBeWell tells whether err says nothing against the member: it is of this node's
// making, or only about this one key.
func mayBeWell(err error) bool {
	for _, ofTheKey := range []error{errTooLarge, errTooSlow, errTryLater, errKeyTime} {
		if errors.Is(err, ofTheKey) {
			return true
		}
	}
	if status, ok := errors.AsType[statusError](err); ok {
		return status >= 400 && status < 500 || status == 503
	}
	if status, ok := errors.AsType[envelopeError](err); ok {
		return status >= 400 && status < 500 || status == 500 || status == 503
	}
	return isOwnFault(err)
}

// isTimeout tells whether err is that of a question that has cost all the time there is.
func isTimeout(err error) bool {
	_, ok := errors.AsType[timeoutError](err)
	return ok
}
