package api

import (
	"errors"

	"owlcache/engine"
)

const (
	reasonNoToken  = "missing, wrong or expired token; cmd=pass gives one"
	reasonUnknown  = "unknown command"
	reasonInternal = "internal error; the log of the node says more"
)

// Returned by commands.
var (
	errNoToken        = errors.New(reasonNoToken)
	errUnknownCommand = errors.New(reasonUnknown)
	errWrongPassword  = errors.New("wrong password")
	errAnswersFull    = errors.New("too many large answers at once")
)

// statusOf is the one place where errors become a status and a reason that may be
// shown. known is false for an error that nobody expected.
func statusOf(err error) (status int, reason string, known bool) {
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return 404, engine.ErrNotFound.Error(), true
	case errors.Is(err, errNoToken):
		return 401, reasonNoToken, true
	case errors.Is(err, errUnknownCommand):
		return 501, reasonUnknown, true
	}
	for _, e := range []error{
		engine.ErrKeyEmpty, engine.ErrKeyTooLarge, engine.ErrValueTooLarge, engine.ErrTooManyOps, engine.ErrBadOp,
		engine.ErrExists, engine.ErrVersion, engine.ErrClockSkew,
		engine.ErrNoSpace, engine.ErrReadOnly, engine.ErrClosed,
		errBadEscape, errBadForm, errWrongPassword, errAnswersFull,
		errExptimeMissing, errExptimeNumber, errExptimeNegative, errExptimeTooLarge,
	} {
		if errors.Is(err, e) {
			return 500, e.Error(), true
		}
	}
	return 500, reasonInternal, false
}

// fail answers a command that was not done: with an envelope, or in case of get
// and ping with the bare status.
func (x *exchange) fail(err error) {
	if r, ok := errors.AsType[refusal](err); ok {
		x.refuse(r)
		return
	}
	status, reason, known := statusOf(err)
	if !known {
		x.srv.opts.Logger.Error("request failed", "cmd", x.cmdName(), "err", err)
	}
	x.setError(reason)
	if x.cmd != nil && x.cmd.raw {
		x.raw(status, typeRaw, nil, 0)
		return
	}
	x.envelope(status, nil, 0)
}

// checkKey refuses what cannot be a key.
func checkKey(key []byte) error {
	switch {
	case len(key) == 0:
		return engine.ErrKeyEmpty
	case len(key) > engine.MaxKeySize:
		return engine.ErrKeyTooLarge
	}
	return nil
}
