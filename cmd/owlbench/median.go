package main

import (
	"math"
	"slices"
)

// median returns the middle of values, the mean of the two middle ones when
// their number is even, NaN when there are none. values stays as it is.
func median(values []float64) float64 {
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

// spread returns the distance between the least and the greatest value as a
// share of the median; 0 when there are none.
func spread(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / median(values)
}
