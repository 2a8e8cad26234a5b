package envelope

import "time"

// TimeStyle is how AppendTime writes a time.
type TimeStyle uint8

// Styles of times.
const (
	TextTime TimeStyle = iota // 2026-11-22 10:50:17.178858725 +0000 UTC, as time.Time.String
	JSONTime                  // 2026-11-22T10:50:17.178858725Z, as encoding/json
)

// AppendTime appends the instant ns (Unix nanoseconds) in UTC; 0 is the zero time.Time.
func AppendTime(dst []byte, ns int64, style TimeStyle) []byte {
	var t time.Time
	if ns != 0 {
		t = time.Unix(0, ns).UTC()
	}
	at := len(dst)
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	if style == TextTime { // the same, but for two letters; that layout is the one that is fast
		dst[at+len("2026-11-22")] = ' '
		dst = append(dst[:len(dst)-len("Z")], " +0000 UTC"...)
	}
	return dst
}

// AppendHeader appends v with every control character as a space, so that it cannot end the
// header. All other bytes stay.
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
