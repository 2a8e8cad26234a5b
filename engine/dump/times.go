package dump

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const secondsPerDay = 24 * 60 * 60

// dateText renders times. It remembers the last date, since entries of one day are
// many.
type dateText struct {
	day  int64  // since 1970
	text []byte // of that day, with the T behind it; nil if there is none yet
}

// appendNanos appends Unix nanoseconds in RFC 3339 with nine digits.
func (d *dateText) appendNanos(dst []byte, ns int64) []byte {
	sec, frac := divide(ns, 1e9)
	return append(appendDigits(d.appendSeconds(dst, sec), frac, 9), 'Z')
}

// appendMillis appends Unix milliseconds in RFC 3339 with three digits.
func (d *dateText) appendMillis(dst []byte, ms int64) []byte {
	sec, frac := divide(ms, 1e3)
	return append(appendDigits(d.appendSeconds(dst, sec), frac, 3), 'Z')
}

// appendSeconds appends Unix seconds, with the point behind them.
func (d *dateText) appendSeconds(dst []byte, sec int64) []byte {
	day, rest := divide(sec, secondsPerDay)
	if d.text == nil || d.day != day {
		d.day = day
		d.text = time.Unix(sec, 0).UTC().AppendFormat(d.text[:0], "2006-01-02T")
	}
	dst = append(dst, d.text...)
	h, m, s := rest/3600, rest/60%60, rest%60
	return append(dst,
		byte('0'+h/10), byte('0'+h%10), ':',
		byte('0'+m/10), byte('0'+m%10), ':',
		byte('0'+s/10), byte('0'+s%10), '.')
}

// divide returns the quotient, rounded down, and the remainder, which is not negative.
func divide(a, b int64) (quotient, remainder int64) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		return quotient - 1, remainder + b
	}
	return quotient, remainder
}

func appendDigits(dst []byte, n int64, digits int) []byte {
	var b [9]byte
	for i := digits - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, b[:digits]...)
}

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
	if _, offset := t.Zone(); err != nil || strings.Contains(s, ",") || max(offset, -offset) >= secondsPerDay {
		return t, errTime
	}
	return t.AddDate(years, 0, 0), nil
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
