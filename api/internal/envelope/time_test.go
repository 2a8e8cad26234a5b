package envelope

import (
	"testing"
	"time"
)

func TestAppendTime(t *testing.T) {
	for _, ns := range []int64{
		1, -1, 1e9, 1763808617178858725, 1763808617100000000, 1763808617000000001, 1763808617000000000, 1<<63 - 1, -1 << 63, -1e18,
	} {
		at := time.Unix(0, ns).UTC()
		if got := string(AppendTime(nil, ns, TextTime)); got != at.String() {
			t.Errorf("%d: %q, want %q", ns, got, at)
		}
		if got := string(AppendTime(nil, ns, JSONTime)); got != at.Format(time.RFC3339Nano) {
			t.Errorf("%d: %q, want %q", ns, got, at.Format(time.RFC3339Nano))
		}
	}
	if got := string(AppendTime(nil, 0, TextTime)); got != (time.Time{}).String() {
		t.Errorf("zero: %q", got)
	}
}

func TestAppendHeaderValue(t *testing.T) {
	if got := string(AppendHeader([]byte("x"), "a\r\nb\x00\x7f\té\xff")); got != "xa  b   é\xff" {
		t.Errorf("%q", got)
	}
}
