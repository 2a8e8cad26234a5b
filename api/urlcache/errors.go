package urlcache

import (
	"errors"
	"fmt"
	"net/http"
)

// ErrStored is returned by Fetch for a key that has got a value meanwhile: look again.
var ErrStored = errors.New("the key has a value by now")

// Kind says what kept a key from being fetched.
type Kind uint8

// The kinds of failure.
const (
	KindBadKey   Kind = iota // the key is no path at an origin
	KindBusy                 // too many requests to origins at once
	KindMemory               // no memory for the body
	KindConnect              // the origin cannot be reached
	KindTimeout              // the origin did not answer in time
	KindAnswer               // the origin's answer is cut off or no HTTP
	KindStatus               // the origin answered another status than 200
	KindRedirect             // the origin redirects to where it may not, or too often
	KindEncoding             // the origin compressed its answer without being asked
	KindTooLarge             // the body is larger than any value
	KindStopping             // the node stops
	KindInternal             // a mistake in this program
	numKinds
)

type kindRow struct {
	name   string
	status int
}

// kinds has the name as metrics show it, and the HTTP status.
func kinds() [numKinds]kindRow {
	return [numKinds]kindRow{
		KindBadKey:   {"bad_key", 400},
		KindBusy:     {"busy", 503},
		KindMemory:   {"memory", 503},
		KindConnect:  {"connect", 502},
		KindTimeout:  {"timeout", 504},
		KindAnswer:   {"answer", 502},
		KindStatus:   {"status", 502},
		KindRedirect: {"redirect", 502},
		KindEncoding: {"encoding", 502},
		KindTooLarge: {"too_large", 502},
		KindStopping: {"stopping", 503},
		KindInternal: {"internal", 500},
	}
}

// String returns the name of the kind as metrics show it.
func (k Kind) String() string { return kinds()[k].name }

// Error says why a key could not be fetched. Its text names no address, no part of the key, no header.
type Error struct {
	Kind   Kind
	Status int // HTTP status to answer: 400, 500, 502, 503 or 504
	reason string
	origin int   // status of the origin, 0 = none
	cause  error // for the log; may name addresses
}

func (e *Error) Error() string { return e.reason }

func failure(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Status: kinds()[k].status, reason: fmt.Sprintf(format, args...)}
}

// because keeps what the operator needs to know and clients do not.
func (e *Error) because(err error) *Error {
	e.cause = err
	return e
}

// excusable is false where the origin has spoken about the request or the resource itself: then no
// expired copy is answered.
func (e *Error) excusable() bool {
	switch e.Kind {
	case KindBadKey, KindStopping:
		return false
	case KindStatus:
		return e.origin >= 500 || e.origin == http.StatusTooManyRequests || e.origin == http.StatusRequestTimeout
	default:
		return true
	}
}

func (e *Error) gone() bool {
	return e.Kind == KindStatus && (e.origin == http.StatusNotFound || e.origin == http.StatusGone)
}
