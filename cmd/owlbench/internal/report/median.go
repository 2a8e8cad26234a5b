package report

import (
	"math"
	"slices"
	"time"
)

// Median returns the middle of values, the mean of the two middle ones when
// their number is even, NaN when there are none. values stays as it is.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// Spread returns the distance between the least and the greatest value as a
// share of the median; 0 when there are none.
func Spread(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / Median(values)
}

// Milliseconds returns a duration as the unit of a row.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
