package ask

import (
	"bytes"
	"errors"
	"time"
)

var ErrKeyTime = errors.New("its Keycreatetime is no time")

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
		return time.Time{}, ErrKeyTime
	}
	t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", string(bytes.Join(text[:], []byte(" "))))
	if err != nil {
		return time.Time{}, ErrKeyTime
	}
	// What is passed on in JSON must be a time there too.
	if _, offset := t.Zone(); offset <= -24*3600 || offset >= 24*3600 {
		return time.Time{}, ErrKeyTime
	}
	return t, nil
}
