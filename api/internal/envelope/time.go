package envelope

import (
	"time"
)

// AppendHeader appends v with every control character as a space, so that it
// cannot end the header. All other bytes stay.
func AppendHeader[T string | []byte](dst []byte, v T) []byte {
	at := len(dst)
	dst = append(dst, v...)
	for i := at; i < len(dst); i++ {
		if dst[i] < ' ' || dst[i] == 0x7f {
			dst[i] = ' '
		}
	}
	return dst
}

// TimeStyle is how AppendTime writes a time.
type TimeStyle uint8

// Styles of times.
const (
	TextTime TimeStyle = iota // 2026-11-22 10:50:17.178858725 +0000 UTC, as time.Time.String
	JSONTime                  // 2026-11-22T10:50:17.178858725Z, as encoding/json
)

// AppendTime appends the instant ns (Unix nanoseconds) in UTC; 0 is the zero
// time.Time. It is written for the hot path and for no year but 1 and 1678 to 2262,
// which is what ns can hold.
func AppendTime(dst []byte, ns int64, style TimeStyle) []byte {
	var t time.Time
	if ns != 0 {
		t = time.Unix(0, ns).UTC()
	}
	year, month, day := t.Date()
	hour, minute, sec := t.Clock()
	sep, zone := byte(' '), " +0000 UTC"
	if style == JSONTime {
		sep, zone = 'T', "Z"
	}
	dst = append(dst, digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day), sep,
		digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':', digit(sec/10), digit(sec))
	return append(appendFraction(dst, t.Nanosecond()), zone...)
}

func digit(n int) byte { return '0' + byte(n%10) }

// appendFraction appends ns as a decimal fraction of a second without trailing
// zeros, and nothing for 0.
func appendFraction(dst []byte, ns int) []byte {
	if ns == 0 {
		return dst
	}
	var f [10]byte
	f[0] = '.'
	for i := 9; i > 0; i-- {
		f[i] = digit(ns)
		ns /= 10
	}
	end := len(f)
	for f[end-1] == '0' {
		end--
	}
	return append(dst, f[:end]...)
}
