package metrics

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
)

// Register registers parts and what is shown of requests and n. incomplete is of group answers.
func Register(reg *prometheus.Registry, n *node.Node, requests *Requests, incomplete func() uint64, parts ...prometheus.Collector) error {
	for _, c := range append(parts, requests.collector(), newStore(n.Gate), newLogins(n), newGroup(n, incomplete), newSync(n), newOrigins(n)) {
		if err := reg.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	// A registry of the caller's may have the standard collectors already.
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := reg.Register(c); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

// Handler serves /metrics.
func Handler(reg *prometheus.Registry) func(*exchange.Exchange, node.Store) {
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
	}))
	return func(x *exchange.Exchange, _ node.Store) { h(x.Ctx) }
}

func newLogins(n *node.Node) prometheus.Collector {
	type logins struct{ failures, refused uint64 }
	f := Of[logins]("owlcache_")
	f.Counter("login_failures_total", "Wrong passwords.", func(l logins) uint64 { return l.failures })
	f.Counter("logins_refused_total", "Log-ins refused because of too many wrong passwords before.", func(l logins) uint64 { return l.refused })
	return Collector(func(ch chan<- prometheus.Metric) {
		failures, refused := n.Access.Logins()
		f.Send(ch, logins{failures, refused})
	}, f)
}

// BuildInfo is a constant that carries what runs.
func BuildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "owlcache_build_info",
		Help:        "A constant 1 whose labels say which program runs.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
