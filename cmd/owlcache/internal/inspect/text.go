package inspect

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// milliLayout is the layout of times with milliseconds in tables, which are in UTC.
const milliLayout = term.SecondLayout + ".000"

// isText tells whether a value is shown as text.
func isText(value []byte) bool {
	return utf8.Valid(value) && bytes.IndexByte(value, 0) < 0
}

// shownValue renders at most most bytes of a value on one line: text quoted, else hexadecimal.
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

// until is the time from one instant to another in Unix milliseconds. A time that is
// too long for a Duration is shortened.
func until(from, to int64) time.Duration {
	if to < from {
		return -until(to, from)
	}
	return time.Duration(min(uint64(to)-uint64(from), math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond
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
