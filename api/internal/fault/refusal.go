package fault

import (
	"errors"
	"fmt"
	"time"

	"owlcache/api/access"
)

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
