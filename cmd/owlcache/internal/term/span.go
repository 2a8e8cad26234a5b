package term

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// SecondLayout is the layout of times in tables, which are in UTC.
const SecondLayout = "2006-01-02 15:04:05"

// Moment renders a time and how far it is away, "unknown" if it is not set.
func Moment(t, now time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(SecondLayout) + " UTC (" + humanize.RelTime(t, now, "ago", "from now") + ")"
}

// Span renders a duration with its two greatest units.
func Span(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	units := []struct {
		name string
		size time.Duration
	}{{"y", 365 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	d = d.Round(time.Second)
	out, left := "", 0
	for _, u := range units {
		n := d / u.size
		d %= u.size
		if n > 0 {
			out += strconv.FormatInt(int64(n), 10) + u.name
		}
		if out != "" {
			if left++; left == 2 {
				break
			}
		}
	}
	return out
}

// Ago renders how long ago something was.
func Ago(at *time.Time, now time.Time) string {
	if at == nil {
		return "never"
	}
	return Span(max(0, now.Sub(*at))) + " ago"
}

// Seconds renders a duration with three digits at least.
func Seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f s", s)
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second / 10).String()
}
