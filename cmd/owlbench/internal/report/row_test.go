package report

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	tests := []struct {
		name         string
		owl, peer    []float64
		target       float64
		lessIsBetter bool
		ratio        float64
		verdict      string
	}{
		{"more is better, met", []float64{80, 90, 100}, []float64{100, 100, 1}, 0.85, false, 0.9, "ok"},
		{"more is better, missed", []float64{80}, []float64{100}, 0.85, false, 0.8, "MISS"},
		{"just met", []float64{85}, []float64{100}, 0.85, false, 0.85, "ok"},
		{"less is better, met", []float64{1}, []float64{2}, 1, true, 0.5, "ok"},
		{"less is better, missed", []float64{3}, []float64{2}, 1, true, 1.5, "MISS"},
		{"no target", []float64{1}, []float64{10}, 0, false, 0.1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRow("what", "peer", "s", tt.owl, tt.peer, tt.target, tt.lessIsBetter)
			if _, verdict := r.verdict(); r.Ratio != tt.ratio || verdict != tt.verdict || r.OK == (tt.verdict == "MISS") {
				t.Errorf("ratio %v, verdict %q, ok %v", r.Ratio, verdict, r.OK)
			}
			report := Results{Rows: []Row{r}}
			if report.OK() != r.OK {
				t.Errorf("the report says %v", report.OK())
			}
			var text bytes.Buffer
			var f Format
			if err := f.Print(&text, &report); err != nil || !strings.Contains(text.String(), tt.verdict) {
				t.Errorf("table %q, error %v", text.String(), err)
			}
		})
	}
}

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
