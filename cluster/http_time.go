package cluster

import (
	"bytes"
	"errors"
	"time"
)

var errKeyTime = errors.New("its Keycreatetime is no time")

// The years of key times that can be merged: those that a number of nanoseconds holds,
// as the node's own times are kept and headers are made of.
const (
	firstKeyYear = 1679
	lastKeyYear  = 2261
)

// isKeyTime tells whether t can be the time of a key, wherever it is shown.
func isKeyTime(t time.Time) bool {
	there, utc := t.Year(), t.UTC().Year()
	return min(there, utc) >= firstKeyYear && max(there, utc) <= lastKeyYear
}

// parseKeyTime reads a Keycreatetime header as nodes of any version write it:
//
//	2026-11-22 10:50:17.178858725 +0000 UTC
//	2025-02-21 13:02:35.5876031 +0800 CST m=+2.270941001
//
// The offset says it all: the name of the zone behind it, which may be in any language,
// and the monotonic reading are passed over.
func parseKeyTime(b []byte) (time.Time, error) {
	var text [3][]byte // date, time, offset
	for i := range text {
		b = bytes.TrimLeft(b, " ")
		text[i], b, _ = bytes.Cut(b, []byte(" "))
	}
	const longest = len("15:04:05.999999999")
	if len(text[0]) > longest || len(text[1]) > longest || len(text[2]) > longest {
		return time.Time{}, errKeyTime
	}
	t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", string(bytes.Join(text[:], []byte(" "))))
	if err != nil {
		return time.Time{}, errKeyTime
	}
	// What is passed on in JSON must be a time there too.
	if _, offset := t.Zone(); offset <= -24*3600 || offset >= 24*3600 {
		return time.Time{}, errKeyTime
	}
	return t, nil
}
