package group

import (
	"context"
	"fmt"
	"slices"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// The targets: a share of the requests per second, a multiple of the median latency,
// requests to a member.
const (
	cachedTarget   = 0.5
	uncachedTarget = 1.5
	burstTarget    = 1
)

// farAway is how long a proxy holds back what a member answers.
const farAway = 2 * time.Millisecond

// bench is a run of owlbench group: two members, each behind a proxy, and the node
// that is asked, which is started for each measurement with its settings.
type bench struct {
	*node.Bench
	nodes   []*node.Node // the members
	members []string     // their addresses
	proxies []*proxy
}

func (b *bench) run(ctx context.Context) error {
	defer b.stopMembers()
	if err := b.FillNode(ctx, "asked"); err != nil {
		return err
	}
	for i, delay := range []time.Duration{farAway, 0} {
		// The keys of a member are newer than those of the nodes before.
		n, err := node.StartFilled(ctx, b.NodeOptions(fmt.Sprintf("member-%d", i+1), b.CPUs.Server, "WAL_Sync=no"), b.Options)
		if err != nil {
			return err
		}
		b.nodes, b.members = append(b.nodes, n), append(b.members, n.Addr)
		p, err := startProxy(n.Addr, delay)
		if err != nil {
			return err
		}
		b.proxies = append(b.proxies, p)
	}
	for _, part := range []func(context.Context) error{b.measureCached, b.measureFar, b.measureNear} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) stopMembers() {
	for _, p := range b.proxies {
		p.close()
	}
	for _, n := range b.nodes {
		n.Kill() // its data is of no more use
	}
}

// startAsked starts the node that is asked, with these members besides itself, whose
// answers it keeps for lifetime.
func (b *bench) startAsked(ctx context.Context, lifetime time.Duration, members []string) (*node.Node, error) {
	o := b.NodeOptions("asked", b.CPUs.Server, fmt.Sprintf("HttpClientRequestLocalCacheLifeTime=%d", lifetime.Milliseconds()))
	if err := node.WriteMembers(o.Dir, node.GroupFile, members); err != nil {
		return nil, err
	}
	return node.StartReady(ctx, o)
}

// behindProxies returns the addresses of the proxies.
func (b *bench) behindProxies() (addrs []string) {
	for _, p := range b.proxies {
		addrs = append(addrs, p.addr)
	}
	return addrs
}

// asked returns how many requests each proxy has seen.
func (b *bench) asked() (counts []int64) {
	for _, p := range b.proxies {
		counts = append(counts, p.requests.Load())
	}
	return counts
}

// groupTarget asks the group of the node at addr.
func groupTarget(addr string, opts load.Options) load.Target {
	t := load.HTTPTarget(addr, "", opts)
	t.Name = "group"
	t.Get = load.NewTemplate(load.HTTPGet("/group_data/?cmd=get&key=" + load.AnyKey))
	return t
}

// measureCached compares a get in the group, all answers to which are known, with a get
// of what the node itself has; and then lets many clients ask at once.
func (b *bench) measureCached(ctx context.Context) error {
	n, err := b.startAsked(ctx, time.Hour, b.behindProxies())
	if err != nil {
		return err
	}
	defer n.Kill()
	group, local := groupTarget(n.Addr, b.Options), n.Target(b.Options)
	local.Name = "local"
	ask := group
	ask.Set = group.Get
	if err := load.Preload(ctx, &ask); err != nil {
		return err
	}
	before := b.asked()
	if err := b.Against(ctx, load.Get, "group get, cached", "local get", cachedTarget, &group, &local); err != nil {
		return err
	}
	if after := b.asked(); !slices.Equal(before, after) {
		return fmt.Errorf("cached: the members were asked all the same, %v times before and %v times after", before, after)
	}
	if err := b.measureBurst(ctx, n.Addr); err != nil {
		return err
	}
	return n.Terminate()
}
