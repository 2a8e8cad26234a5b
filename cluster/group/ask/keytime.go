package ask

import (
	"strings"
	"time"
)

// parseKeyTime reads a Keycreatetime header as nodes of any version write it:
//
//	2026-11-22 10:50:17.178858725 +0000 UTC
//	2025-02-21 13:02:35.5876031 +0800 CST m=+2.270941001
//
// The offset says it all: the name of the zone behind it, which may be in any language,
// and the monotonic reading are passed over.
func parseKeyTime(s string) (time.Time, error) {
	words := strings.Fields(s)
	if len(words) < 3 || len(words[1]) > len("15:04:05.999999999") {
		return time.Time{}, ErrKeyTime
	}
	t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", strings.Join(words[:3], " "))
	if err != nil || !isOffset(t) {
		return time.Time{}, ErrKeyTime
	}
	return t, nil
}

// isOffset tells whether a time with the offset of t can be passed on in JSON.
func isOffset(t time.Time) bool {
	_, offset := t.Zone()
	return offset > -24*3600 && offset < 24*3600
}
