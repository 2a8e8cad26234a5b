package params

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseExptime(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "0.0": 0, ".0": 0, "1": 1000, "1.": 1000, ".5": 500, "1.5": 1500, "+2": 2000, " 3 ": 3000, "\t4\r\n": 4000,
		"007": 7000, "0.001": 1, "0.0001": 1, "0.00000000000000000001": 1, "1.0009": 1001, "1.0010": 1001,
		"9223372036": 9223372036000, "9223372036.000": 9223372036000,
	} {
		if got, err := ParseExptime([]byte(s)); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, err, want)
		}
	}
	for s, want := range map[string]error{
		"": ErrExptimeMissing, "  ": ErrExptimeMissing,
		"-1": ErrExptimeNegative, "-0": ErrExptimeNegative, "-0.5": ErrExptimeNegative,
		"9223372037": ErrExptimeTooLarge, "9223372036.001": ErrExptimeTooLarge, "9223372036.0000001": ErrExptimeTooLarge,
		"99999999999999999999999999": ErrExptimeTooLarge,
		"x":                          ErrExptimeNumber, "1x": ErrExptimeNumber, "1e3": ErrExptimeNumber, "0x10": ErrExptimeNumber, "NaN": ErrExptimeNumber,
		"Inf": ErrExptimeNumber, "-Inf": ErrExptimeNumber, "1.2.3": ErrExptimeNumber, ".": ErrExptimeNumber, "+": ErrExptimeNumber,
		"-": ErrExptimeNumber, "1 2": ErrExptimeNumber, "1,5": ErrExptimeNumber, "1h": ErrExptimeNumber, "+-1": ErrExptimeNumber, "١": ErrExptimeNumber,
	} {
		if got, err := ParseExptime([]byte(s)); !errors.Is(err, want) || got != 0 {
			t.Errorf("%q: %d, %v, want %v", s, got, err, want)
		}
	}
}

func TestExpiryAfter(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_123)
	if got := ExpiryAfter(now, 0); got != 0 {
		t.Errorf("never: %d", got)
	}
	if got := ExpiryAfter(now, 1); got != now.UnixMilli()+1 {
		t.Errorf("1 ms: %d", got)
	}
}

func FuzzExptime(f *testing.F) {
	for _, s := range []string{"", "0", "1.5", "-1", "9223372036", "9223372037", "0.0001", "1e3", "NaN", " 1 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ms, err := ParseExptime([]byte(s))
		if err != nil {
			if ms != 0 {
				t.Fatalf("%q: %d with %v", s, ms, err)
			}
			return
		}
		if ms < 0 || ms > 1000*maxExptime {
			t.Fatalf("%q: %d out of range", s, ms)
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err != nil || math.Abs(v*1000-float64(ms)) > 1.001 {
			t.Fatalf("%q: %d ms, but it is %v s (%v)", s, ms, v, err)
		}
	})
}
