package metrics

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/engine"
)

func TestHistogramOfNothing(t *testing.T) {
	f := Of[engine.Histogram]("x_")
	f.Histogram("y", "y", func(h engine.Histogram) engine.Histogram { return h })
	ch := make(chan prometheus.Metric, 1)
	f.Send(ch, engine.Histogram{})
	if m := <-ch; m == nil {
		t.Error("no metric")
	}
}
