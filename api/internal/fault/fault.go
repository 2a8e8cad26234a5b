// Package fault says what kept a request from being done: the errors of commands, the one
// table of what each error means on each way in, and refusals, the answers of HTTP that come
// from no command.
package fault

import (
	"errors"
	"fmt"
	"time"

	"owlcache/api/access"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

// Returned by the commands of all ways in.
var (
	ErrNoToken        = errors.New("missing, wrong or expired token; cmd=pass gives one")
	ErrUnknownCommand = errors.New("unknown command")
	ErrAnswersFull    = errors.New("too many large answers at once")
	ErrUnknownGroup   = errors.New("unknown group_type: want owlcache or gossip")
	ErrNoList         = errors.New("this node keeps no such list")
)

// Internal is what clients are told of an error that nobody expected.
const Internal = "internal error; the log of the node says more"

type row struct {
	err    error
	status int
}

// table returns what the expected errors mean on /data/ and /server/ and in envelopes. Their texts may
// be shown to clients.
func table() []row {
	return []row{
		{engine.ErrNotFound, 404},
		{ErrNoToken, 401},
		{ErrUnknownCommand, 501},
		{access.ErrWrongPassword, 500},
		{ErrAnswersFull, 500},
		{ErrUnknownGroup, 500},
		{ErrNoList, 500},

		{engine.ErrKeyEmpty, 500},
		{engine.ErrKeyTooLarge, 500},
		{engine.ErrValueTooLarge, 500},
		{engine.ErrTooManyOps, 500},
		{engine.ErrBadOp, 500},
		{engine.ErrExists, 500},
		{engine.ErrVersion, 500},
		{engine.ErrClockSkew, 500},
		{engine.ErrNoSpace, 500},
		{engine.ErrReadOnly, 500},
		{engine.ErrClosed, 500},

		{params.ErrBadEscape, 500},
		{params.ErrBadForm, 500},
		{params.ErrExptimeMissing, 500},
		{params.ErrExptimeNumber, 500},
		{params.ErrExptimeNegative, 500},
		{params.ErrExptimeTooLarge, 500},
	}
}

// Of returns what an error means: a status, and a reason that may be shown. known is false
// for an error that nobody expected.
func Of(err error) (status int, reason string, known bool) {
	if errors.Is(err, engine.ErrNotFound) { // the usual one
		return 404, engine.ErrNotFound.Error(), true
	}
	for _, r := range table() {
		if errors.Is(err, r.err) {
			return r.status, r.err.Error(), true
		}
	}
	return 500, Internal, false
}

// OfKey returns what is wrong with a key, nil for nothing.
func OfKey(key []byte) error {
	switch {
	case len(key) == 0:
		return engine.ErrKeyEmpty
	case len(key) > engine.MaxKeySize:
		return engine.ErrKeyTooLarge
	}
	return nil
}

// Refusal is an answer of HTTP in plain text to a request that was not done. As an error it
// means that the request was turned away before any command saw it.
type Refusal struct {
	Status     int
	Reason     string
	RetryAfter int  // seconds; 0 = no such header
	Close      bool // the connection ends with this answer
}

func (r Refusal) Error() string { return r.Reason }

// AsRefusal returns what an error says over HTTP in place of a command's answer, if it does.
func AsRefusal(err error) (Refusal, bool) {
	if locked, ok := errors.AsType[*access.LockedOutError](err); ok {
		seconds := int((locked.Wait + time.Second - 1) / time.Second)
		return Refusal{Status: 429, Reason: fmt.Sprintf("%v; try again in %d s", locked, seconds), RetryAfter: seconds}, true
	}
	return errors.AsType[Refusal](err)
}

// Unavailable refuses what may be had a little later.
func Unavailable(reason string) Refusal {
	return Refusal{Status: 503, Reason: reason, RetryAfter: 1}
}
