package dump

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Returned for a time that cannot be kept.
var (
	errTime      = errors.New("is no time in RFC 3339, such as 2026-11-22T10:50:17Z")
	errTimeRange = errors.New("is out of range")
)

// parse reads a time in RFC 3339 with any offset.
func parse(s string) (t time.Time, err error) {
	years := 0
	if len(s) > 5 && s[5] == '-' {
		// An expiry may lie so far ahead that its year has a fifth digit, which package time does
		// not read: it gets the same year of the calendar, which repeats itself after 400.
		year, err := strconv.ParseUint(s[:5], 10, 32)
		if err != nil {
			return t, errTime
		}
		same := 2000 + int(year)%400
		years, s = int(year)-same, strconv.Itoa(same)+s[5:]
	}
	err = t.UnmarshalText([]byte(s))
	if _, offset := t.Zone(); err != nil || strings.Contains(s, ",") || max(offset, -offset) >= 24*60*60 {
		return t, errTime
	}
	return t.UTC().AddDate(years, 0, 0), nil
}

// parseCreated returns the Unix nanoseconds of a time of creation, never 0, which would say that
// it is not known.
func parseCreated(s string) (int64, error) {
	t, err := parse(s)
	switch {
	case err != nil:
		return 0, err
	case t.Unix() < 0 || t.Unix() >= math.MaxInt64/1_000_000_000:
		return 0, errTimeRange
	}
	return max(1, t.UnixNano()), nil
}

// maxExpires is the last expiry that a store can hold, in Unix milliseconds.
const maxExpires = 1<<48 - 1

// parseExpires returns the Unix milliseconds of an expiry, never 0. What is below a millisecond
// is cut off.
func parseExpires(s string) (int64, error) {
	t, err := parse(s)
	switch {
	case err != nil:
		return 0, err
	case t.UnixMilli() > maxExpires:
		return 0, errTimeRange
	}
	return max(1, t.UnixMilli()), nil // before 1970 is expired as well
}
