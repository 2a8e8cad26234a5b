package api

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
		if got, err := parseExptime([]byte(s)); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, err, want)
		}
	}
	for s, want := range map[string]error{
		"": errExptimeMissing, "  ": errExptimeMissing,
		"-1": errExptimeNegative, "-0": errExptimeNegative, "-0.5": errExptimeNegative,
		"9223372037": errExptimeTooLarge, "9223372036.001": errExptimeTooLarge, "9223372036.0000001": errExptimeTooLarge,
		"99999999999999999999999999": errExptimeTooLarge,
		"x":                          errExptimeNumber, "1x": errExptimeNumber, "1e3": errExptimeNumber, "0x10": errExptimeNumber, "NaN": errExptimeNumber,
		"Inf": errExptimeNumber, "-Inf": errExptimeNumber, "1.2.3": errExptimeNumber, ".": errExptimeNumber, "+": errExptimeNumber,
		"-": errExptimeNumber, "1 2": errExptimeNumber, "1,5": errExptimeNumber, "1h": errExptimeNumber, "+-1": errExptimeNumber, "١": errExptimeNumber,
	} {
		if got, err := parseExptime([]byte(s)); !errors.Is(err, want) || got != 0 {
			t.Errorf("%q: %d, %v, want %v", s, got, err, want)
		}
	}
}

func TestExpiryAfter(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_123)
	if got := expiryAfter(now, 0); got != 0 {
		t.Errorf("never: %d", got)
	}
	if got := expiryAfter(now, 1); got != now.UnixMilli()+1 {
		t.Errorf("1 ms: %d", got)
	}
}

func FuzzExptime(f *testing.F) {
	for _, s := range []string{"", "0", "1.5", "-1", "9223372036", "9223372037", "0.0001", "1e3", "NaN", " 1 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ms, err := parseExptime([]byte(s))
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
