package params

import (
	"bytes"
	"errors"
	"time"
)

const maxExptime = 9223372036

// Returned for an exptime that is none.
var (
	ErrExptimeMissing  = errors.New("exptime is missing")
	ErrExptimeNumber   = errors.New("exptime is not a number of seconds")
	ErrExptimeNegative = errors.New("exptime is negative")
	ErrExptimeTooLarge = errors.New("exptime is too large")
)

// ParseExptime returns the milliseconds of a number of seconds such as 60 or 1.5.
// A fraction of a millisecond counts as a whole one. Nothing at all is
// ErrExptimeMissing. White space around it is allowed.
func ParseExptime(s []byte) (int64, error) {
	s = bytes.TrimSpace(s)
	switch {
	case len(s) == 0:
		return 0, ErrExptimeMissing
	case s[0] == '-' && isDecimal(s[1:]):
		return 0, ErrExptimeNegative
	case s[0] == '+':
		s = s[1:]
	}
	if !isDecimal(s) {
		return 0, ErrExptimeNumber
	}
	whole, fraction, _ := bytes.Cut(s, []byte("."))
	var seconds int64
	for _, c := range whole {
		if seconds = 10*seconds + int64(c-'0'); seconds > maxExptime {
			return 0, ErrExptimeTooLarge
		}
	}
	ms := 1000*seconds + fractionMillis(fraction)
	if ms > 1000*maxExptime {
		return 0, ErrExptimeTooLarge
	}
	return ms, nil
}

func isDecimal(s []byte) bool {
	digits, points := 0, 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// fractionMillis rounds up.
func fractionMillis(digits []byte) int64 {
	var ms int64
	for i := range 3 {
		ms *= 10
		if i < len(digits) {
			ms += int64(digits[i] - '0')
		}
	}
	if len(digits) > 3 && len(bytes.Trim(digits[3:], "0")) > 0 {
		ms++
	}
	return ms
}

// ExpiryAfter returns now and ms milliseconds in Unix milliseconds; for 0 it is 0, which is never.
func ExpiryAfter(now time.Time, ms int64) int64 {
	if ms == 0 {
		return 0
	}
	return now.UnixMilli() + ms
}
