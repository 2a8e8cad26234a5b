package dump

import (
	"testing"
	"time"
	_ "time/tzdata" // a time zone with summer time
)

// TestTimesAreInUTC reads times of the hour that the clocks of the machine show twice.
func TestTimesAreInUTC(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	time.Local = zone
	for s, want := range map[string]time.Time{
		"2026-11-01T01:30:00-04:00":  time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC),
		"2026-11-01T01:30:00-05:00":  time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC),
		"2026-11-01T06:30:00Z":       time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC),
		"10026-11-01T01:30:00-05:00": time.Date(10026, 11, 1, 6, 30, 0, 0, time.UTC),
	} {
		if got, err := parse(s); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %v, %v, want %v", s, got, err, want)
		}
	}
}
