package main

import (
	"context"
	"fmt"
	"slices"
	"time"
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

// groupBench is a run of owlbench group: two members, each behind a proxy, and the node
// that is asked, which is started for each measurement with its settings.
type groupBench struct {
	*site
	results
	generator
	members []*node
	proxies []*groupProxy
}

func (b *groupBench) run(ctx context.Context) error {
	defer b.stopMembers()
	if err := b.fillAsked(ctx); err != nil {
		return err
	}
	for i, delay := range []time.Duration{farAway, 0} {
		if err := b.startMember(ctx, fmt.Sprintf("member-%d", i+1), delay); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context) error{b.measureCached, b.measureFar, b.measureNear} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fillAsked sets all keys in the node that is to be asked.
func (b *groupBench) fillAsked(ctx context.Context) error {
	n, err := startFilledNode(ctx, b.node("asked", b.cpus.server, "WAL_Sync=no"), b.loadOptions)
	if err != nil {
		return err
	}
	return n.terminate(stopPatience)
}

// startMember starts a member with all keys, newer than those of the nodes before, and a
// proxy in front of it.
func (b *groupBench) startMember(ctx context.Context, name string, delay time.Duration) error {
	n, err := startFilledNode(ctx, b.node(name, b.cpus.server, "WAL_Sync=no"), b.loadOptions)
	if err != nil {
		return err
	}
	b.members = append(b.members, n)
	proxy, err := startGroupProxy(n.addr, delay)
	if err != nil {
		return err
	}
	b.proxies = append(b.proxies, proxy)
	return nil
}

func (b *groupBench) stopMembers() {
	for _, p := range b.proxies {
		p.close()
	}
	for _, n := range b.members {
		n.kill() // its data is of no more use
	}
}

// startAsked starts the node that is asked, with these members besides itself, whose
// answers it keeps for lifetime.
func (b *groupBench) startAsked(ctx context.Context, lifetime time.Duration, members []string) (*node, error) {
	o := b.node("asked", b.cpus.server, fmt.Sprintf("HttpClientRequestLocalCacheLifeTime=%d", lifetime.Milliseconds()))
	if err := writeMembers(o.Dir, groupFile, members); err != nil {
		return nil, err
	}
	return startReadyNode(ctx, o)
}

// direct returns the addresses of the members, and behindProxies those of their proxies.
func (b *groupBench) direct() (addrs []string) {
	for _, m := range b.members {
		addrs = append(addrs, m.addr)
	}
	return addrs
}

func (b *groupBench) behindProxies() (addrs []string) {
	for _, p := range b.proxies {
		addrs = append(addrs, p.addr())
	}
	return addrs
}

// asked returns how many requests each proxy has seen.
func (b *groupBench) asked() (counts []int64) {
	for _, p := range b.proxies {
		counts = append(counts, p.requests.Load())
	}
	return counts
}

// groupTarget asks the group of the node at addr.
func groupTarget(addr string, load loadOptions) target {
	t := owlcacheTarget(addr, "", load)
	t.name = "group"
	t.get = newTemplate(httpGet("/group_data/?cmd=get&key={key}"))
	return t
}

// measureCached compares a get in the group, all answers to which are known, with a get
// of what the node itself has; and then lets many clients ask at once.
func (b *groupBench) measureCached(ctx context.Context) error {
	n, err := b.startAsked(ctx, time.Hour, b.behindProxies())
	if err != nil {
		return err
	}
	defer n.kill()
	group, local := groupTarget(n.addr, b.loadOptions), owlcacheTarget(n.addr, "", b.loadOptions)
	local.name = "local"
	ask := group
	ask.set = group.get
	if err := preload(ctx, &ask); err != nil {
		return err
	}
	before := b.asked()
	cached, own, err := b.alternate(ctx, mixGet, &group, &local)
	if err != nil {
		return err
	}
	if after := b.asked(); !slices.Equal(before, after) {
		return fmt.Errorf("cached: the members were asked all the same, %v times before and %v times after", before, after)
	}
	b.add(newRow("group get, cached", "local get", "per second", cached, own, cachedTarget, false))
	if err := b.measureBurst(ctx, n.addr); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}
