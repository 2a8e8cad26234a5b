package ask

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"

	"owlcache/cluster/group/asktest"
)

func TestParseKeyTime(t *testing.T) {
	zone := func(hours float64) *time.Location { return time.FixedZone("", int(hours*3600)) }
	for text, want := range map[string]time.Time{
		"2026-11-22 10:50:17.178858725 +0000 UTC":              time.Date(2026, 11, 22, 10, 50, 17, 178858725, time.UTC),
		"2026-11-22 10:50:17.178858725 +0000 UTC m=+2.27":      time.Date(2026, 11, 22, 10, 50, 17, 178858725, time.UTC),
		"2026-11-22 10:50:17 +0000 UTC m=-0.5":                 time.Date(2026, 11, 22, 10, 50, 17, 0, time.UTC),
		"2025-02-21 13:02:35.5876031 +0800 CST":                time.Date(2025, 2, 21, 13, 2, 35, 587603100, zone(8)),
		"2025-02-21 13:02:35.5876031 +0800 CST m=+17.12345678": time.Date(2025, 2, 21, 13, 2, 35, 587603100, zone(8)),
		"2025-02-21 13:02:35.5 -0300 -03 m=+1.0":               time.Date(2025, 2, 21, 13, 2, 35, 5e8, zone(-3)),
		"2025-02-21 13:02:35.5 +0530 +0530":                    time.Date(2025, 2, 21, 13, 2, 35, 5e8, zone(5.5)),
		"2025-02-21 13:02:35 +0800 中国标准时间":                     time.Date(2025, 2, 21, 13, 2, 35, 0, zone(8)),
		"2025-02-21 13:02:35 +0100 Central European Time m=+1": time.Date(2025, 2, 21, 13, 2, 35, 0, zone(1)),
		"  2025-02-21 13:02:35 +0100":                          time.Date(2025, 2, 21, 13, 2, 35, 0, zone(1)),
		"0001-01-01 00:00:00 +0000 UTC":                        {},
	} {
		got, err := parseKeyTime(text)
		if err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		_, a := got.Zone()
		if _, b := want.Zone(); a != b {
			t.Errorf("%s: offset %d", text, a)
		}
	}
	for _, text := range []string{
		"", " ", "now", "2026-11-22", "2026-11-22 10:50:17", "2026-11-22T10:50:17Z", "2026-11-22 10:50:17 UTC",
		"2026-13-22 10:50:17 +0000 UTC", "2026-11-22 25:50:17 +0000 UTC", "2026-11-22 10:50:17 +9900 UTC", "2026-11-22 10:50:17 +2400 UTC",
		"10000-11-22 10:50:17 +0000 UTC", "2026-11-22 10:50:17.123456789123456789 +0000 UTC", strings.Repeat("9", 10_000),
	} {
		if got, err := parseKeyTime(text); err == nil || !got.IsZero() {
			t.Errorf("%.40q is taken for %v", text, got)
		}
	}
}

func FuzzParseKeyTime(f *testing.F) {
	for _, s := range []string{
		"2026-11-22 10:50:17.178858725 +0000 UTC m=+2.270941001", "2025-02-21 13:02:35.5876031 +0800 CST", "0001-01-01 00:00:00 +0000 UTC", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseKeyTime(string(b))
		if err != nil {
			return
		}
		if _, err := got.MarshalJSON(); err != nil {
			t.Errorf("%q cannot be passed on: %v", b, err)
		}
		again, err := parseKeyTime(got.String() + " m=+0.1")
		if err != nil || !again.Equal(got) {
			t.Errorf("%q: %v is read back as %v, %v", b, got, again, err)
		}
	})
}

// FuzzAnswer reads anything as an answer: it must end, within its bounds.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		asktest.GoodHead + "Content-Length: 5\r\n\r\nvalue", asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nvalue\r\n0\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200\nA:b\n\n", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 100_000
		src := bytes.NewReader(b)
		r := bufio.NewReaderSize(src, connBuffer)
		h, err := readHead(r)
		if err != nil {
			return
		}
		if h.status < 100 || h.status > 999 || h.chunked == (h.length >= 0) {
			t.Fatalf("%+v", h)
		}
		reserved := smallBody
		body, err := readBody(r, h, limit, func(n int) error { reserved = n; return nil })
		switch {
		case err != nil && body != nil:
			t.Error("a body in spite of an error")
		case err != nil:
		case len(body) > limit || cap(body) > reserved+smallBody || !h.chunked && len(body) != h.length:
			t.Errorf("%d of %d bytes, reserved %d, %+v", len(body), cap(body), reserved, h)
		}
	})
}
