package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"owlcache/engine"
)

// Layouts of times in tables, which are in UTC.
const (
	secondLayout = "2006-01-02 15:04:05"
	milliLayout  = "2006-01-02 15:04:05.000"
)

// shownText renders text from the directory for a line on a terminal: what is not
// printable is escaped.
func shownText(s string) string {
	if !strings.ContainsFunc(s, unprintable) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unprintable(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// isText tells whether a value is shown as text.
func isText(value []byte) bool {
	return utf8.Valid(value) && bytes.IndexByte(value, 0) < 0
}

// shownValue renders at most most bytes of a value on one line: text quoted, else
// hexadecimal.
func shownValue(value []byte, most int) string {
	part := value
	if !isText(value) {
		part = part[:min(len(part), most/2)]
		return hex.EncodeToString(part) + more(len(part), len(value))
	}
	if len(part) > most {
		for most > 0 && !utf8.RuneStart(part[most]) {
			most--
		}
		part = part[:most]
	}
	return strconv.Quote(string(part)) + more(len(part), len(value))
}

func more(shown, all int) string {
	if shown == all {
		return ""
	}
	return "…"
}

// shownBytes renders a size in few characters.
func shownBytes(n int64) string { return humanize.IBytes(uint64(max(0, n))) }

// shownMoment renders a time and how far it is away, "unknown" if it is not set.
func shownMoment(t, now time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(secondLayout) + " UTC (" + humanize.RelTime(t, now, "ago", "from now") + ")"
}

// shownSpan renders a duration with its two greatest units.
func shownSpan(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	units := []struct {
		name string
		size time.Duration
	}{{"y", 365 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	d = d.Round(time.Second)
	out, left := "", 0
	for _, u := range units {
		n := d / u.size
		d %= u.size
		if n > 0 {
			out += strconv.FormatInt(int64(n), 10) + u.name
		}
		if out != "" {
			if left++; left == 2 {
				break
			}
		}
	}
	return out
}

// until is the time from one instant to another in Unix milliseconds. A time that is
// too long for a Duration is shortened.
func until(from, to int64) time.Duration {
	const most = math.MaxInt64 / int64(time.Millisecond)
	d := to - from
	if (to >= from) != (d >= 0) { // too far apart to be counted
		d = most
		if to < from {
			d = -most
		}
	}
	return time.Duration(min(max(d, -most), most)) * time.Millisecond
}

// milliTime returns the time of Unix milliseconds. What is outside of the years 0 to
// 9999, which alone JSON can hold, is moved to their ends.
func milliTime(ms int64) time.Time {
	const first, last = -62167219200000, 253402300799999
	return time.UnixMilli(min(max(ms, first), last)).UTC()
}

// versionTime returns the time in a version.
func versionTime(v engine.Version) time.Time { return milliTime(int64(v.Time >> 16)) }

// shownVersionTime renders the time of a version; behind it its counter, if it has one.
func shownVersionTime(v engine.Version) string {
	s := versionTime(v).Format(milliLayout)
	if n := v.Time & 0xffff; n > 0 {
		s += "+" + strconv.FormatUint(n, 10)
	}
	return s
}

// shownNode renders the id of a node, short if it is that of the directory.
func shownNode(id, own uint64) string {
	if id == own && own != 0 {
		return "own"
	}
	return fmt.Sprintf("%016x", id)
}

// shownVersion renders a version; without the node if it is that of the directory.
func shownVersion(v engine.Version, own uint64) string {
	s := v.String()
	if v.Node == own && own != 0 {
		s, _, _ = strings.Cut(s, "@")
	}
	return s
}
