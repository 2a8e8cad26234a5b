package dump

import (
	"errors"
	"math"
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

// dateParser reads times. It remembers the last date.
type dateParser struct {
	date [10]byte
	unix int64 // seconds at its beginning
}

// parse returns the Unix seconds and the nanoseconds of a time in RFC 3339 with any
// offset. A year may have a fifth digit, since an expiry may lie that far ahead.
func (d *dateParser) parse(s []byte) (sec, nanos int64, err error) {
	n := 10 // length of the date
	if len(s) > 4 && s[4] != '-' {
		n++
	}
	if len(s) < n+len("T00:00:00Z") || s[n] != 'T' || s[n+3] != ':' || s[n+6] != ':' {
		return 0, 0, errTime
	}
	day, err := d.parseDate(s[:n])
	h, ok1 := number(s[n+1:n+3], 23)
	m, ok2 := number(s[n+4:n+6], 59)
	second, ok3 := number(s[n+7:n+9], 59)
	if err != nil || !ok1 || !ok2 || !ok3 {
		return 0, 0, errTime
	}
	nanos, rest, ok := fraction(s[n+9:])
	if !ok {
		return 0, 0, errTime
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, 0, errTime
	}
	return day + 3600*h + 60*m + second - offset, nanos, nil
}

func (d *dateParser) parseDate(s []byte) (unix int64, err error) {
	if len(s) == len(d.date) && string(s) == string(d.date[:]) {
		return d.unix, nil
	}
	y := len(s) - len("-01-01")
	year, ok1 := number(s[:y], 99999)
	month, ok2 := number(s[y+1:y+3], 12)
	day, ok3 := number(s[y+4:], 31)
	if !ok1 || !ok2 || !ok3 || s[y] != '-' || s[y+3] != '-' {
		return 0, errTime
	}
	t := time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != int(day) { // there is no such day
		return 0, errTime
	}
	if len(s) == len(d.date) {
		copy(d.date[:], s)
		d.unix = t.Unix()
	}
	return t.Unix(), nil
}

// number reads decimal digits.
func number(s []byte, most int64) (n int64, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, n <= most
}

// fraction reads the digits behind the second, if there are any, and returns what
// follows.
func fraction(s []byte) (nanos int64, rest []byte, ok bool) {
	if len(s) == 0 || s[0] != '.' {
		return 0, s, true
	}
	n := 1
	for scale := int64(1e8); n < len(s) && s[n] >= '0' && s[n] <= '9'; n++ {
		nanos += scale * int64(s[n]-'0')
		scale /= 10 // beyond nanoseconds: 0
	}
	return nanos, s[n:], n > 1
}

// parseOffset reads Z or an offset from UTC, in seconds.
func parseOffset(s []byte) (seconds int64, ok bool) {
	if len(s) == 1 && s[0] == 'Z' {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, ok1 := number(s[1:3], 23)
	m, ok2 := number(s[4:], 59)
	seconds = 3600*h + 60*m
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok1 && ok2
}

// created returns the Unix nanoseconds of a time of creation.
func (d *dateParser) created(s []byte) (int64, error) {
	sec, nanos, err := d.parse(s)
	if err != nil {
		return 0, err
	}
	if sec < 0 || sec >= math.MaxInt64/1_000_000_000 {
		return 0, errTimeRange
	}
	return sec*1e9 + nanos, nil
}

// maxExpires is the last expiry that a store can hold, in Unix milliseconds.
const maxExpires = 1<<48 - 1

// expires returns the Unix milliseconds of an expiry, never 0. What is below a
// millisecond is cut off.
func (d *dateParser) expires(s []byte) (int64, error) {
	sec, nanos, err := d.parse(s)
	if err != nil {
		return 0, err
	}
	ms := sec*1e3 + nanos/1e6
	if ms > maxExpires {
		return 0, errTimeRange
	}
	return max(1, ms), nil // before 1970 is expired as well
}
