package report

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	tests := []struct {
		values []float64
		want   float64
		spread float64
	}{
		{[]float64{5}, 5, 0},
		{[]float64{9, 1, 5}, 5, 1.6},
		{[]float64{4, 1, 3, 2}, 2.5, 1.2},
	}
	for _, tt := range tests {
		first := tt.values[0]
		if got := Median(tt.values); got != tt.want {
			t.Errorf("median of %v is %v, want %v", tt.values, got, tt.want)
		}
		if got := Spread(tt.values); got != tt.spread {
			t.Errorf("spread of %v is %v, want %v", tt.values, got, tt.spread)
		}
		if tt.values[0] != first {
			t.Errorf("median has sorted its argument")
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing is %v", got)
	}
	if got := Spread(nil); got != 0 {
		t.Errorf("spread of nothing is %v", got)
	}
}
