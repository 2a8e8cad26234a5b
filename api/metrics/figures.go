package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"owlcache/engine"
)

// Figures are the figures that are shown of each T.
type Figures[T any] struct {
	prefix string
	labels []string // that tell one T from another
	list   []figure[T]
}

type figure[T any] struct {
	desc   *prometheus.Desc
	metric func(d *prometheus.Desc, of T, labels []string) prometheus.Metric // nil is returned for none
}

// Of makes figures whose names begin with prefix. labels tell one T from another.
func Of[T any](prefix string, labels ...string) *Figures[T] {
	return &Figures[T]{prefix: prefix, labels: labels}
}

// Gauge adds what goes up and down. constant are names and values of labels.
func (f *Figures[T]) Gauge(name, help string, value func(T) float64, constant ...string) {
	f.Optional(name, help, func(of T) (float64, bool) { return value(of), true }, constant...)
}

// Optional adds a gauge that is not always there.
func (f *Figures[T]) Optional(name, help string, value func(T) (float64, bool), constant ...string) {
	f.add(name, help, constant, func(d *prometheus.Desc, of T, labels []string) prometheus.Metric {
		v, ok := value(of)
		if !ok {
			return nil
		}
		return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	})
}

// Counter adds what only goes up.
func (f *Figures[T]) Counter(name, help string, value func(T) uint64, constant ...string) {
	f.add(name, help, constant, func(d *prometheus.Desc, of T, labels []string) prometheus.Metric {
		return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value(of)), labels...)
	})
}

// Histogram adds a histogram.
func (f *Figures[T]) Histogram(name, help string, value func(T) engine.Histogram) {
	f.add(name, help, nil, func(d *prometheus.Desc, of T, labels []string) prometheus.Metric {
		h := value(of)
		buckets := make(map[float64]uint64, len(h.Bounds)) // cumulative
		count := uint64(0)
		for i, n := range h.Counts {
			count += n
			if i < len(h.Bounds) {
				buckets[h.Bounds[i]] = count
			}
		}
		return prometheus.MustNewConstHistogram(d, count, h.Sum, buckets, labels...)
	})
}

func (f *Figures[T]) add(name, help string, constant []string, metric func(*prometheus.Desc, T, []string) prometheus.Metric) {
	labels := prometheus.Labels{}
	for i := 0; i < len(constant); i += 2 {
		labels[constant[i]] = constant[i+1]
	}
	f.list = append(f.list, figure[T]{prometheus.NewDesc(f.prefix+name, help, f.labels, labels), metric})
}

// Describe sends what the figures are called.
func (f *Figures[T]) Describe(ch chan<- *prometheus.Desc) {
	for i := range f.list {
		ch <- f.list[i].desc
	}
}

// Send sends the figures of one T.
func (f *Figures[T]) Send(ch chan<- prometheus.Metric, of T, labels ...string) {
	for i := range f.list {
		if m := f.list[i].metric(f.list[i].desc, of, labels); m != nil {
			ch <- m
		}
	}
}

// Collector returns a collector of these figures, which send sends.
func Collector(send func(ch chan<- prometheus.Metric), figures ...described) prometheus.Collector {
	return &collector{send, figures}
}

type described interface {
	Describe(ch chan<- *prometheus.Desc)
}

type collector struct {
	send    func(ch chan<- prometheus.Metric)
	figures []described
}

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.figures {
		f.Describe(ch)
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) { c.send(ch) }

// OneIf returns what a gauge shows of b.
func OneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Itself is the value of a figure that is a number.
func Itself(n uint64) uint64 { return n }
