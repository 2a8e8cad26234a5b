package group

import (
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

func (b *bench) measureFar(ctx context.Context) error {
	fast := b.proxies[1]
	before := fast.requests.Load()
	addrs := b.behindProxies()
	queries, err := b.measureUncached(ctx, addrs, addrs[:1], fmt.Sprintf("member, %v away", farAway), uncachedTarget)
	if err != nil {
		return err
	}
	// The slow one is asked by this program too.
	if asked := fast.requests.Load() - before; asked < int64(queries) {
		return fmt.Errorf("uncached: %d queries have asked a member %d times", queries, asked)
	}
	return nil
}

// measureNear measures what it costs to wait for two answers, with nothing between the nodes.
func (b *bench) measureNear(ctx context.Context) error {
	addrs := []string{b.members[0].Addr, b.members[1].Addr}
	_, err := b.measureUncached(ctx, addrs, addrs, "member, no delay", 0)
	return err
}

// measureUncached compares, one request at a time, the median latency of a get in the group with
// that of the slowest member of slow. It returns how often the group was asked.
func (b *bench) measureUncached(ctx context.Context, members, slow []string, peer string, goal float64) (queries uint64, err error) {
	n, err := b.startAsked(ctx, 0, members)
	if err != nil {
		return 0, err
	}
	defer n.Kill()
	var group, own []float64
	for round := range b.Rounds + 1 {
		median, asked, err := b.medianLatency(ctx, groupTarget(n.Addr, b.Options), round)
		if err != nil {
			return 0, err
		}
		queries += asked
		slowest := time.Duration(0)
		for _, addr := range slow {
			m, _, err := b.medianLatency(ctx, load.HTTPTarget(addr, "", b.Options), round)
			if err != nil {
				return 0, err
			}
			slowest = max(slowest, m)
		}
		if round == 0 { // connections are made, and all get warm
			continue
		}
		group, own = append(group, report.Milliseconds(median)), append(own, report.Milliseconds(slowest))
		b.Logf("uncached round %d: group %v, %s %v", round, median, peer, slowest)
	}
	b.Add(report.NewRow("group get, uncached, median", peer, "ms", group, own, goal, true))
	return queries, n.Terminate()
}

// medianLatency measures one round with one connection. It returns the number of requests too.
func (b *bench) medianLatency(ctx context.Context, t load.Target, round int) (time.Duration, uint64, error) {
	g := b.Generator
	g.Conns = 1
	s, err := g.Measure(ctx, &t, load.Get, round)
	if err != nil {
		return 0, 0, err
	}
	return s.Latencies.Quantile(0.5), s.Ops, nil
}
